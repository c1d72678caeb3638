/**
 * What kind of actor logic a machine starts: told from the code that XState itself gives to it,
 * because it marks none with its kind.
 *
 * Must never run what it looks at.
 */
import {
  type AnyStateMachine,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
} from 'xstate';
import { readFields } from '../machine-nodes.ts';

/** `unknown`: made by no creator of XState that is known here. */
export type ActorKind =
  'promise' | 'machine' | 'transition' | 'callback' | 'observable' | 'event-observable' | 'unknown';

/** What a `fromPromise` actor runs. */
export type PromiseCreator = (scene: {
  readonly input: unknown;
  readonly self: unknown;
  readonly system: unknown;
  readonly signal: AbortSignal;
  readonly emit: (event: unknown) => void;
}) => unknown;

const NOTHING_OBSERVED = { subscribe: () => ({ unsubscribe: () => {} }) };

const CREATED: readonly (readonly [ActorKind, object])[] = [
  ['promise', fromPromise(() => Promise.resolve())],
  ['callback', fromCallback(() => {})],
  ['observable', fromObservable(() => NOTHING_OBSERVED)],
  ['event-observable', fromEventObservable(() => NOTHING_OBSERVED)],
  ['transition', fromTransition(() => null, null)],
];

/** The kind of actor that the logic makes. */
export function kindOfLogic(logic: unknown): ActorKind {
  if (logic === null || typeof logic !== 'object') return 'unknown';
  const known = kinds.get(logic);
  if (known !== undefined) return known;
  const kind = isMachine(logic) ? 'machine' : kindOfCode(logic);
  kinds.set(logic, kind);
  return kind;
}

const kinds = new WeakMap<object, ActorKind>();

function kindOfCode(logic: object): ActorKind {
  const code = codeOf(logic);
  const created = CREATED.find(([, each]) => codeOf(each) === code);
  if (created !== undefined) return created[0];
  // Logic of no creator known here, or written by hand: with a `transition` and without a `start`
  // it can be stepped like that of `fromTransition`.
  const { transition, getInitialSnapshot, start } = readFields(logic);
  const isPure = start === undefined && typeof getInitialSnapshot === 'function';
  return isPure && typeof transition === 'function' ? 'transition' : 'unknown';
}

/** True for a machine of XState 5, from whichever copy of it. */
export function isMachine(logic: unknown): logic is AnyStateMachine {
  const { root, provide } = readFields(logic);
  return typeof root === 'object' && typeof provide === 'function';
}

/** What a `fromPromise` actor runs; `null` for any other. */
export function promiseCreatorOf(logic: unknown): PromiseCreator | null {
  if (kindOfLogic(logic) !== 'promise') return null;
  const { config } = readFields(logic);
  return typeof config === 'function' ? (config as PromiseCreator) : null;
}

function codeOf(logic: unknown): string {
  return String(readFields(logic)['transition']);
}
