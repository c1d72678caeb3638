/**
 * Values that a JSON Schema describes: one that has everything, and others that differ from it where
 * the schema leaves a choice, as between members of an enumeration, or whether a member is there.
 *
 * They are proposals: a schema may refuse more than JSON Schema can say, so whoever asks holds them
 * against it. Pure.
 */
import { readFields } from '../../core/machine/machine-nodes.ts';
import { textFor } from './pattern-text.ts';

/** Most values of one place. */
const MAX_VARIANTS = 16;

/** Deepest nesting that is followed; a schema may name itself. */
const MAX_DEPTH = 8;

/** As good as any that has no bound. */
const LARGE_NUMBER = 1_000_000;

/** A member that is left out. */
const ABSENT = Symbol('absent');

const TEXTS: Readonly<Record<string, string>> = {
  email: 'customer@example.com',
  uuid: '00000000-0000-4000-8000-000000000001',
  guid: '00000000-0000-4000-8000-000000000001',
  'date-time': '2030-01-01T00:00:00Z',
  date: '2030-01-01',
  time: '12:00:00',
  duration: 'P1D',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  base64: 'ZXhhbXBsZQ==',
  base64url: 'ZXhhbXBsZQ',
  cidrv4: '192.0.2.0/24',
  cidrv6: '2001:db8::/32',
  e164: '+41441234567',
};

type Schema = Readonly<Record<string, unknown>>;

/**
 * The values, the fullest first; none where the schema says something that is not understood.
 *
 * @param made what is taken where the schema says nothing, such as what the machine reads there
 * @param deciding the outermost members in which the values differ; where the schema does not know
 *   one of them, as behind a transformation, they differ in all
 */
export function valuesFor(
  schema: unknown,
  made: unknown,
  deciding: ReadonlySet<string> | 'all',
): readonly unknown[] {
  return new Maker(readFields(schema), deciding).values(readFields(schema), made, 0);
}

class Maker {
  readonly #root: Schema;
  readonly #deciding: ReadonlySet<string> | 'all';

  constructor(root: Schema, deciding: ReadonlySet<string> | 'all') {
    this.#root = root;
    const known = readFields(root['properties']);
    const isFollowed =
      deciding !== 'all' && [...deciding].every((member) => Object.hasOwn(known, member));
    this.#deciding = isFollowed ? deciding : 'all';
  }

  values(schema: Schema, made: unknown, depth: number): readonly unknown[] {
    const { $ref, allOf, anyOf, oneOf, type } = schema;
    if (depth > MAX_DEPTH) return [];
    if ('const' in schema) return [schema['const']];
    if (Array.isArray(schema['enum'])) return schema['enum'].slice(0, MAX_VARIANTS);
    if (typeof $ref === 'string') return this.values(this.#named($ref), made, depth + 1);
    if (Array.isArray(allOf)) return this.values(merged(schema, allOf), made, depth + 1);
    const ways = Array.isArray(anyOf) ? anyOf : oneOf;
    if (Array.isArray(ways)) {
      const each = ways.map((way) => this.values(readFields(way), made, depth + 1));
      return inTurn(each);
    }
    const types = Array.isArray(type) ? type : [type];
    return inTurn(types.map((one) => this.#ofType(one, schema, made, depth)));
  }

  #ofType(type: unknown, schema: Schema, made: unknown, depth: number): readonly unknown[] {
    switch (type) {
      case 'object':
        return this.#objects(schema, made, depth);
      case 'array':
        return this.#lists(schema, made, depth);
      case 'boolean':
        return [true, false];
      case 'null':
        return [null];
      case 'string':
        return textsOf(schema, made);
      case 'number':
      case 'integer':
        return numbersOf(schema);
      default:
        return made === undefined ? ['example'] : [made];
    }
  }

  #objects(schema: Schema, made: unknown, depth: number): readonly unknown[] {
    const { required } = schema;
    const needed = new Set(Array.isArray(required) ? required : []);
    const members = Object.entries(readFields(schema['properties'])).map(([name, member]) => {
      const own = this.values(readFields(member), readFields(made)[name], depth + 1);
      const all = needed.has(name) ? own : [...own, ABSENT];
      return [name, depth > 0 || this.#varies(name) ? all : all.slice(0, 1)] as const;
    });
    // What the machine reads of an object that may have more members than are named.
    const known = new Set(members.map(([name]) => name));
    const isOpen = schema['additionalProperties'] !== false;
    const more = isOpen
      ? Object.entries(readFields(made)).filter(([name]) => !known.has(name))
      : [];
    return combined([...members, ...more.map(([name, value]) => [name, [value]] as const)]);
  }

  #varies(member: string): boolean {
    return this.#deciding === 'all' || this.#deciding.has(member);
  }

  #lists(schema: Schema, made: unknown, depth: number): readonly unknown[] {
    const { prefixItems, items, minItems } = schema;
    if (Array.isArray(prefixItems)) {
      const parts = prefixItems.map((item, index) => {
        return [String(index), this.values(readFields(item), undefined, depth + 1)] as const;
      });
      return combined(parts).map((each): unknown[] => Object.values(each));
    }
    const first: unknown = Array.isArray(made) ? made[0] : undefined;
    const own = this.values(readFields(items), first, depth + 1);
    const least = typeof minItems === 'number' ? minItems : 0;
    const lists = own.map((item) => Array<unknown>(Math.max(least, 1)).fill(item));
    return least === 0 ? [...lists.slice(0, MAX_VARIANTS - 1), []] : lists;
  }

  #named(ref: string): Schema {
    const path = ref.startsWith('#') ? ref.slice(1).split('/').slice(1) : [];
    return path.reduce<Schema>((at, name) => readFields(at[name]), this.#root);
  }
}

function merged(schema: Schema, parts: readonly unknown[]): Schema {
  const { allOf: _, ...own } = schema;
  const all = [own, ...parts.map(readFields)];
  const properties = Object.fromEntries(
    all.flatMap((each) => Object.entries(readFields(each['properties']))),
  );
  const required = all.flatMap(({ required: names }): unknown[] =>
    Array.isArray(names) ? names : [],
  );
  const patterns = all.flatMap(({ pattern }) => (typeof pattern === 'string' ? [pattern] : []));
  const rest = Object.fromEntries(all.flatMap((each) => Object.entries(each)));
  return { ...rest, properties, required, patterns };
}

function textsOf(schema: Schema, made: unknown): readonly string[] {
  const { format, pattern, patterns, minLength, maxLength } = schema;
  const needed = Array.isArray(patterns) ? patterns : typeof pattern === 'string' ? [pattern] : [];
  const length = {
    ...(typeof minLength === 'number' ? { min: minLength } : {}),
    ...(typeof maxLength === 'number' ? { max: maxLength } : {}),
  };
  const wellKnown = typeof format === 'string' ? TEXTS[format] : undefined;
  if (wellKnown !== undefined) return [wellKnown];
  if (needed.length === 0 && typeof made === 'string') {
    const { min = 0, max = Infinity } = length;
    if (made.length >= min && made.length <= max) return [made];
  }
  const text = textFor(needed.map(String), length);
  return text === null ? [] : [text];
}

/** One that is usual, and those at the bounds, where conditions are apt to change their minds. */
function numbersOf(schema: Schema): readonly number[] {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf, type } = schema;
  const step = typeof multipleOf === 'number' && multipleOf > 0 ? multipleOf : 1;
  const least = Math.max(
    typeof minimum === 'number' ? minimum : -Infinity,
    typeof exclusiveMinimum === 'number' ? exclusiveMinimum + smallest(type) : -Infinity,
  );
  const most = Math.min(
    typeof maximum === 'number' ? maximum : Infinity,
    typeof exclusiveMaximum === 'number' ? exclusiveMaximum - smallest(type) : Infinity,
  );
  const usual = Math.min(Math.max(1, least), most);
  const bounds = [Number.isFinite(least) ? least : 0, Math.min(most, LARGE_NUMBER)];
  const all = [usual, ...bounds].map((wanted) => {
    const whole = Math.ceil(wanted / step) * step;
    return whole <= most ? whole : Math.floor(most / step) * step;
  });
  return [...new Set(all)].filter((each) => each >= least && each <= most);
}

function smallest(type: unknown): number {
  return type === 'integer' ? 1 : 0.5;
}

/** The first of each list, then the second of each, and so on. */
function inTurn(lists: readonly (readonly unknown[])[]): readonly unknown[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  const all = Array.from({ length: longest }, (_, index) =>
    lists.flatMap((list) => (index < list.length ? [list[index]] : [])),
  );
  return all.flat().slice(0, MAX_VARIANTS);
}

type Member = readonly [string, readonly unknown[]];

/**
 * Objects of members: every combination where there are few, else each choice once beside what else
 * comes first.
 */
function combined(members: readonly Member[]): readonly object[] {
  if (members.some(([, values]) => values.length === 0)) return [];
  const count = members.reduce((product, [, values]) => product * values.length, 1);
  const first = members.map(([name, values]) => [name, values[0]] as const);
  if (count > MAX_VARIANTS) {
    const others = members.flatMap(([name, values]) =>
      values
        .slice(1)
        .map((value) => first.map((each) => (each[0] === name ? [name, value] : each))),
    );
    return [first, ...others].slice(0, MAX_VARIANTS).map(objectOf);
  }
  let all: (readonly (readonly [string, unknown])[])[] = [[]];
  for (const [name, values] of members) {
    all = all.flatMap((begun) => values.map((value) => [...begun, [name, value] as const]));
  }
  return all.map(objectOf);
}

function objectOf(entries: readonly (readonly unknown[])[]): object {
  const present = entries.filter(([, value]) => value !== ABSENT);
  return Object.fromEntries(present as [string, unknown][]);
}
