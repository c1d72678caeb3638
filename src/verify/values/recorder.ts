/**
 * Stand-ins that note what is read of them, and plain values that have just that.
 *
 * Invariant: bounded depth; a stand-in looks like an empty object to JSON.
 */

const MAX_DEPTH = 8;

/** What is made up for a value nobody looked into. */
const EXAMPLE_TEXT = 'example';
const EXAMPLE_NUMBER = 1;

/** What a machine was seen to read of a value. */
export interface Shape {
  readonly members: Map<string, Shape>;
  /** Of each item, where it is read as a list. */
  items: Shape | null;
  use: 'unknown' | 'text' | 'number' | 'list';
  /** A condition read it, so that another value may lead another way. */
  decides: boolean;
}

/** A shape of which nothing was read. */
export function newShape(): Shape {
  return { members: new Map(), items: null, use: 'unknown', decides: false };
}

/** The shape of that name, a new one where there is none. */
export function shapeIn(shapes: Map<string, Shape>, name: string): Shape {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  const shape = newShape();
  shapes.set(name, shape);
  return shape;
}

const LIST_MEMBERS = /^(map|filter|reduce|forEach|some|every|find|flatMap|join|length)$/;
const NUMBER_MEMBERS = /^(toFixed|toPrecision)$/;

/**
 * Looks like an empty object to JSON and like anything to who reads from it.
 *
 * @param isDeciding true while a condition reads
 */
export function recorder(shape: Shape, isDeciding: () => boolean = () => false, depth = 0): object {
  return new Proxy(
    {},
    {
      get: (_, member) => {
        if (member === Symbol.toPrimitive) return (hint: string) => primitiveOf(shape, hint);
        if (member === Symbol.iterator) {
          return boundTo(listOf(shape, isDeciding, depth), member);
        }
        if (typeof member === 'symbol') return Reflect.get([], member) as unknown;
        if (member === 'toJSON' || member === 'then') return undefined;
        if (LIST_MEMBERS.test(member)) return boundTo(listOf(shape, isDeciding, depth), member);
        if (NUMBER_MEMBERS.test(member)) return readAs(shape, 'number', member);
        if (member in String.prototype) return readAs(shape, 'text', member);
        if (depth >= MAX_DEPTH) return undefined;
        const inner = shapeIn(shape.members, member);
        inner.decides ||= isDeciding();
        return recorder(inner, isDeciding, depth + 1);
      },
    },
  );
}

function primitiveOf(shape: Shape, hint: string): string | number {
  if (hint !== 'number') return EXAMPLE_TEXT;
  shape.use = 'number';
  return EXAMPLE_NUMBER;
}

function readAs(shape: Shape, use: 'text' | 'number', member: string): unknown {
  shape.use = use;
  return boundTo(Object(plainValue(shape)) as object, member);
}

function boundTo(value: object, member: string | symbol): unknown {
  const found: unknown = Reflect.get(value, member);
  return typeof found === 'function' ? (found.bind(value) as unknown) : found;
}

/** A list of one stand-in, in which whatever is looked for is found. */
function listOf(shape: Shape, isDeciding: () => boolean, depth: number): readonly unknown[] {
  shape.use = 'list';
  shape.items ??= newShape();
  if (depth >= MAX_DEPTH) return [];
  const item = recorder(shape.items, isDeciding, depth + 1);
  const list = [item];
  const found =
    <Found>(answer: Found) =>
    (isWanted: (item: object, index: number) => unknown): Found => {
      isWanted(item, 0); // what it reads is noted
      return answer;
    };
  return Object.assign(list, { find: found(item), filter: found(list) });
}

/** Nobody read anything of it. */
export function isUnread({ use, members }: Shape): boolean {
  return use === 'unknown' && members.size === 0;
}

/**
 * A plain value with everything that was read. `number`: 1 for the first value of its kind; texts
 * tell further ones apart.
 */
export function plainValue(shape: Shape, number = 1): unknown {
  const text = number === 1 ? EXAMPLE_TEXT : `${EXAMPLE_TEXT}-${number}`;
  switch (shape.use) {
    case 'list':
      return shape.items === null ? [] : [plainValue(shape.items, number)];
    case 'number':
      return EXAMPLE_NUMBER;
    case 'text':
      return text;
    case 'unknown':
      if (shape.members.size === 0) return text;
      return Object.fromEntries(
        [...shape.members].map(([name, member]) => [name, plainValue(member, number)]),
      );
  }
}
