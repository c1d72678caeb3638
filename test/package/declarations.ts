/**
 * Which types the declarations of a package speak of, read from their text: of the exports of one
 * file, and of whatever those name in turn.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Declarations {
  /** What a name stands for that another file declares: its name there, and the file. */
  readonly elsewhere: ReadonlyMap<string, readonly [name: string, file: string]>;
  readonly exported: ReadonlySet<string>;
  /** The text of each interface, type, class and function that is declared here. */
  readonly texts: ReadonlyMap<string, string>;
}

const FROM_ELSEWHERE = /(import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)';/g;
const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(interface|type|class|function|const)\s+(\w+)/gm;

/**
 * Names such as `host/backstep.d.ts Limits` that a user of the file meets and can name neither
 * from it nor from `main`, which stands beside it.
 */
export function unnamedTypes(file: string, main: string): readonly string[] {
  const known = new Map<string, Declarations>();
  const read = (path: string): Declarations => {
    const declarations = known.get(path) ?? declarationsIn(path);
    known.set(path, declarations);
    return declarations;
  };
  const origin = (path: string, name: string): string | null => {
    const { texts, elsewhere } = read(path);
    if (texts.has(name)) return `${path} ${name}`;
    const other = elsewhere.get(name);
    return other === undefined ? null : origin(other[1], other[0]);
  };
  const exportsOf = (path: string): readonly (string | null)[] =>
    [...read(path).exported].map((name) => origin(path, name));
  const met = new Set(exportsOf(file));
  const nameable = new Set([...met, ...exportsOf(main)]);
  for (const each of met) {
    const [path = '', name = ''] = each?.split(' ') ?? [];
    const text = each === null ? '' : (read(path).texts.get(name) ?? '');
    for (const [word] of text.matchAll(/(?<![\w.'"])[A-Z]\w*/g)) met.add(origin(path, word));
  }
  return [...met].flatMap((each) => (each === null || nameable.has(each) ? [] : [each]));
}

function declarationsIn(path: string): Declarations {
  const text = readFileSync(path, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
  const elsewhere = new Map<string, readonly [string, string]>();
  const exported = new Set<string>();
  for (const [, kind, names = '', from = ''] of text.matchAll(FROM_ELSEWHERE)) {
    if (!from.startsWith('.')) continue;
    const other = join(dirname(path), from.replace(/\.[jt]s$/, '.d.ts'));
    for (const each of names.split(',')) {
      const [name = '', alias = name] = each
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (name === '') continue;
      elsewhere.set(alias, [name, other]);
      if (kind === 'export') exported.add(alias);
    }
  }
  const body = text.replaceAll(FROM_ELSEWHERE, '');
  const starts = [...body.matchAll(DECLARED)];
  const texts = new Map<string, string>();
  for (const [index, { 1: kind, 2: name = '', index: from }] of starts.entries()) {
    // A constant that a type is read off is told by that type.
    if (kind === 'const') continue;
    texts.set(name, (texts.get(name) ?? '') + body.slice(from, starts[index + 1]?.index));
  }
  return { elsewhere, exported, texts };
}
