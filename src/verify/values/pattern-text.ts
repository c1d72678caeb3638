/**
 * A text that a regular expression matches, for the simple ones that schemas are made of: literals,
 * classes, groups, alternatives and counts. Whatever it makes is held against the expression, so
 * that one it does not understand gives none.
 */

/** Texts that many patterns are written for. */
const COMMON = [
  'example',
  'EXAMPLE',
  'Example',
  'a',
  'A',
  '1',
  '12345',
  'customer@example.com',
  'https://example.com/',
  '00000000-0000-4000-8000-000000000001',
  '2030-01-01',
  '2030-01-01T00:00:00Z',
  '12:00:00',
  '+41441234567',
  '1.00',
  'EUR',
  'de',
  'CH',
  'ZXhhbXBsZQ==',
];

/** A text that matches and is long enough, but not too long; `null`: none was found. */
export function textFor(
  patterns: readonly string[],
  { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number } = {},
): string | null {
  const all = patterns.flatMap(expressionOf);
  if (all.length < patterns.length) return null;
  const fits = (text: string): boolean =>
    text.length >= min && text.length <= max && all.every((each) => each.test(text));
  const padded = COMMON.map((text) => text.padEnd(Math.min(min, 1_000), text).slice(0, max));
  const written = patterns.flatMap((pattern) => {
    const text = new Writer(pattern).text();
    return text === null ? [] : [text];
  });
  return [...COMMON, ...padded, ...written].find(fits) ?? null;
}

function expressionOf(pattern: string): readonly RegExp[] {
  for (const flags of ['u', '']) {
    try {
      return [new RegExp(pattern, flags)];
    } catch {
      // Not every pattern is one with this flag.
    }
  }
  return [];
}

/** Characters of a class that is written with a backslash. */
const ESCAPED: Readonly<Record<string, string>> = {
  d: '1',
  w: 'a',
  s: ' ',
  D: 'a',
  W: '-',
  S: 'a',
  t: '\t',
  n: '\n',
  r: '\r',
  b: '',
  B: '',
};

/** Reads a pattern from left to right and writes the first text that it allows. */
class Writer {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** `null`: the pattern has a part that is not understood. */
  text(): string | null {
    const text = this.#alternatives();
    return this.#at === this.#pattern.length ? text : null;
  }

  #alternatives(): string | null {
    const first = this.#sequence();
    while (this.#take('|')) this.#sequence();
    return first;
  }

  #sequence(): string | null {
    let text: string | null = '';
    while (this.#at < this.#pattern.length && !/[|)]/.test(this.#next())) {
      const part = this.#part();
      const count = this.#count();
      text = text === null || part === null ? null : text + part.repeat(count);
      if (text === null) return null;
    }
    return text;
  }

  #part(): string | null {
    const next = this.#next();
    this.#at += 1;
    switch (next) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'a';
      case '(': {
        if (this.#take('?') && !this.#take(':')) return null;
        const inner = this.#alternatives();
        return this.#take(')') ? inner : null;
      }
      case '[':
        return this.#oneOf();
      case '\\':
        return this.#escaped();
      default:
        return next;
    }
  }

  #escaped(): string | null {
    const next = this.#next();
    this.#at += 1;
    if (/[1-9pPkux]/.test(next)) return null;
    return ESCAPED[next] ?? next;
  }

  /** The first character of a class; of a negated one a letter that is hoped to be in it. */
  #oneOf(): string | null {
    const end = this.#pattern.indexOf(']', this.#at + 1);
    if (end === -1) return null;
    if (this.#next() === '^') {
      this.#at = end + 1;
      return 'a';
    }
    const first = this.#part();
    this.#at = end + 1;
    return first;
  }

  #count(): number {
    const [all, sign, least] =
      /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(this.#pattern.slice(this.#at)) ?? [];
    if (all === undefined) return 1;
    this.#at += all.length;
    if (sign !== undefined) return sign === '+' ? 1 : 0;
    return Math.min(Number(least), 1_000);
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #next(): string {
    return this.#pattern.charAt(this.#at);
  }
}
