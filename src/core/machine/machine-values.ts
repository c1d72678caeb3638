/**
 * What a machine may hold beside JSON, in its context and in what it hands on: errors, and
 * references to actors. Their parts are stored, and the objects are made again when they are read.
 *
 * Pure. Invariant: what was stored and read again reads as what was there before.
 */
import type { StandIn } from '../json.ts';
import { asUnstarted } from './macrostep/action-command.ts';
import { isSelf } from './macrostep/actor-scope.ts';
import { ActorRef, PARENT_ID, referenceInJson } from './actors/actor-ref.ts';
import { asMachineError, errorInJson, MachineError } from '../thrown.ts';

/** See `StandIn`. */
export const machineValue: StandIn = (value) => {
  if (value instanceof MachineError || value instanceof ActorRef) return value;
  const actor = asUnstarted(value);
  // One that no machine started lives in the program's memory: no restart would find it.
  if (actor !== null && 'send' in actor && actor.options.parent !== undefined)
    return new ActorRef({ id: actor.id, src: String(actor.src) });
  return value instanceof Error ? asMachineError(value) : undefined;
};

/**
 * The same for what leaves the saga. A reference stands for an actor of its own saga: elsewhere it
 * would name another actor, or none.
 */
export const leavingValue: StandIn = (value) => {
  const own = machineValue(value);
  return own instanceof ActorRef ? undefined : own;
};

/** The same for what goes to a child saga, to which the machine itself is the parent. */
export const givenToChild: StandIn = (value) =>
  isSelf(value) ? new ActorRef({ id: PARENT_ID, src: '' }) : leavingValue(value);

/** The value with everything made again that JSON stands for; the same object where nothing is. */
export function revived<T>(value: T): T;
export function revived(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const read = list.map((each) => revived(each));
    return read.some((each, index) => each !== list[index]) ? read : list;
  }
  const made = errorInJson(value) ?? refInJson(value);
  if (made !== null) return made;
  let isChanged = false;
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const read = revived(member);
    isChanged ||= read !== member;
    return [name, read] as const;
  });
  return isChanged ? Object.fromEntries(members) : value;
}

/** What goes to another saga, as data alone; `asGiven` makes of it what it was. */
export function asStored<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

/** What came to a saga, as its machine takes it; one that the builder made knows no references. */
export function asGiven<T>({ isBuilt }: { readonly isBuilt: boolean }, value: T): T {
  return isBuilt ? value : revived(value);
}

function refInJson(value: object): ActorRef | null {
  const id = referenceInJson(value);
  return id === null ? null : new ActorRef({ id, src: '' });
}
