/**
 * Hides secrets in values that leave the process: by the name of the property they stand under,
 * where a text names them, and by a rule of the user's own.
 *
 * Pure. Must never change the value it is given.
 */

/** A user's own rule: true hides what stands under that property name. */
export type HidesMember = (name: string, value: unknown) => boolean;

/** A copy of a value with every secret hidden. */
export type Redact = (value: unknown) => unknown;

/** What a hidden value reads as. */
const REDACTED = '[redacted]';

const SECRET_WORDS: ReadonlySet<string> = new Set([
  'password',
  'token',
  'secret',
  'authorization',
  'card',
  'cvv',
]);

/** In a text: `Bearer x`, and a secret word with its value, as in a URL or a header. */
const BEARER = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const ASSIGNED =
  /\b(\w*(?:password|token|secret|authorization|cvv|card(?:_?number)?))(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"'})]+)/gi;

/** Deeper than any value that the engine accepts. */
const MAX_DEPTH = 100;

/**
 * Makes the function that hides: every property whose name has a secret word in it (`cardNumber`,
 * `api_token`), what `hides` says beside, and secrets that a text names.
 */
export function createRedact(hides: HidesMember = () => false): Redact {
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redactText(value);
    if (value === null || typeof value !== 'object') return value;
    if (depth === MAX_DEPTH) return REDACTED;
    if (Array.isArray(value)) return value.map((item: unknown) => copy(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, member]: [string, unknown]) => [
        name,
        isSecret(name) || hides(name, member) ? REDACTED : copy(member, depth + 1),
      ]),
    );
  };
  return (value) => copy(value, 0);
}

/** A text with the secrets hidden that it names: `password=x`, `Authorization: Bearer x`. */
function redactText(text: string): string {
  return text.replace(BEARER, `$1 ${REDACTED}`).replace(ASSIGNED, `$1$2${REDACTED}`);
}

function isSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.split(/[^a-z0-9]+/).some((word) => SECRET_WORDS.has(word));
}
