/**
 * Makes up the values that nobody gave examples for: it lets the machine read from recording
 * stand-ins along a few paths and builds plain values with the members that were asked for.
 *
 * The stand-ins never reach the exploration itself. Invariant: bounded paths, bounded depth, and
 * what a mapper throws here is ignored, because the exploration meets it again.
 */
import type { Examples, SagaDefinition } from '../core/define/definition.ts';
import type { SagaState } from '../core/state.ts';
import { begin, turn } from '../core/turn/turn.ts';
import { type ExampleValues, mergeExamples } from './examples.ts';
import type { Move } from './move.ts';
import { movesOf } from './moves.ts';

/** Most turns of one path that is only there to learn from. */
const MAX_LEARNING_TURNS = 200;

/** Most successes before the one failure of such a path. */
const MAX_LEARNING_SUCCESSES = 24;

const MAX_DEPTH = 8;

/** What is made up for a value nobody looked into. */
const EXAMPLE_TEXT = 'example';
const EXAMPLE_NUMBER = 1;

/** What a machine was seen to read of a value. */
interface Shape {
  readonly members: Map<string, Shape>;
  use: 'unknown' | 'text' | 'number' | 'list';
}

/** The values to explore with: given ones first, made-up ones for the rest. */
export function examplesFor(definition: SagaDefinition, given: Examples): ExampleValues {
  const { outputs = {}, events = {}, ...rest } = mergeExamples(definition.examples, given);
  const isInputMadeUp = !('input' in rest);
  const seen = new Map<string, Shape>();
  const values = (show: (shape: Shape, number?: number) => unknown): ExampleValues => ({
    input: isInputMadeUp ? show(shapeIn(seen, 'input')) : rest.input,
    isInputMadeUp,
    outputsOf: (name, occurrence) =>
      outputs[name] ?? [show(shapeIn(seen, `output ${name}`), occurrence)],
    isEventMadeUp: (type) => events[type] === undefined,
    eventsOf: (type) => events[type] ?? [asMembers(show(shapeIn(seen, `event ${type}`)))],
  });
  const recorded = values((shape) => recorder(shape, 0));
  for (let successes = 0; successes <= MAX_LEARNING_SUCCESSES; successes++) {
    if (learnAlong(definition, recorded, successes) < successes) break;
  }
  learnFromWaysBack(definition, recorded);
  return values((shape, number) => (isUnread(shape) ? {} : plainValue(shape, number)));
}

/** What a compensation reads of an answer may be read on no path above, for its round was over. */
function learnFromWaysBack({ waysBack, steps }: SagaDefinition, values: ExampleValues): void {
  const outputs = steps.map(({ name }) => [name, values.outputsOf(name)[0]] as const);
  const failure = { code: 'refused', message: 'refused', retryable: false, ambiguous: false };
  const view = { input: values.input, failure, round: 1, results: Object.fromEntries(outputs) };
  for (const { input } of waysBack.values()) {
    try {
      input(view as never);
    } catch {
      // As above.
    }
  }
}

/** Fails the attempt after so many successes, then lets all succeed. Gives the successes seen. */
function learnAlong(definition: SagaDefinition, values: ExampleValues, successes: number): number {
  let left = successes;
  let hasFailed = false;
  try {
    let state: SagaState = begin(definition, definition.id, values.input, 0).state;
    for (let count = 0; count < MAX_LEARNING_TURNS; count++) {
      const moves = movesOf(definition, state, values);
      const wanted = left > 0 || hasFailed ? 'done' : 'failed';
      const move = pick(moves, wanted);
      if (move === undefined || state.status === 'parked') break;
      if (move.answer?.kind === 'failed') hasFailed = true;
      else if (move.answer !== null) left -= 1;
      const next = turn(definition, move.from, move.inbound, move.nowMs);
      if (next.kind === 'refused') break;
      state = next.state;
    }
  } catch {
    // What it read until here is learned; the exploration reports what throws.
  }
  return successes - Math.max(left, 0);
}

function pick(moves: readonly Move[], wanted: 'done' | 'failed'): Move | undefined {
  return (
    moves.find((move) => move.answer?.kind === wanted) ??
    moves.find((move) => move.drive === 'timer') ??
    moves.find((move) => move.drive === 'outside')
  );
}

function shapeIn(shapes: Map<string, Shape>, name: string): Shape {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  const shape: Shape = { members: new Map(), use: 'unknown' };
  shapes.set(name, shape);
  return shape;
}

const LIST_MEMBERS = /^(map|filter|reduce|forEach|some|every|find|flatMap|join|length)$/;
const NUMBER_MEMBERS = /^(toFixed|toPrecision)$/;

/** Looks like an empty object to JSON and like anything to who reads from it. */
function recorder(shape: Shape, depth: number): object {
  return new Proxy(
    {},
    {
      get: (_, member) => {
        if (member === Symbol.toPrimitive) return (hint: string) => primitiveOf(shape, hint);
        if (member === Symbol.iterator) shape.use = 'list';
        if (typeof member === 'symbol') return Reflect.get([], member) as unknown;
        if (member === 'toJSON' || member === 'then') return undefined;
        if (LIST_MEMBERS.test(member)) return readAs(shape, 'list', member);
        if (NUMBER_MEMBERS.test(member)) return readAs(shape, 'number', member);
        if (member in String.prototype) return readAs(shape, 'text', member);
        if (depth >= MAX_DEPTH) return undefined;
        return recorder(shapeIn(shape.members, member), depth + 1);
      },
    },
  );
}

function primitiveOf(shape: Shape, hint: string): string | number {
  if (hint !== 'number') return EXAMPLE_TEXT;
  shape.use = 'number';
  return EXAMPLE_NUMBER;
}

function readAs(shape: Shape, use: Shape['use'], member: string): unknown {
  shape.use = use;
  const value = Object(plainValue(shape)) as object;
  const found: unknown = Reflect.get(value, member);
  return typeof found === 'function' ? (found.bind(value) as unknown) : found;
}

function isUnread({ use, members }: Shape): boolean {
  return use === 'unknown' && members.size === 0;
}

/** `number`: 1 for the first value of its kind; texts tell further ones apart. */
function plainValue(shape: Shape, number = 1): unknown {
  const text = number === 1 ? EXAMPLE_TEXT : `${EXAMPLE_TEXT}-${number}`;
  switch (shape.use) {
    case 'list':
      return [];
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

function asMembers(value: unknown): object {
  return value !== null && typeof value === 'object' ? value : {};
}
