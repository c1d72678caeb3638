/**
 * What is known of the actors that a machine can start, kept beside the machine: how each one runs,
 * and under which name logic is known that a machine gives as a value.
 *
 * Must never run the logic.
 */
import type { AnyStateMachine } from 'xstate';
import { type ActorKind, kindOfLogic } from './actor-kinds.ts';
import { readFields } from '../machine-nodes.ts';

/**
 * How an actor runs: `activity`, called by the host; `child`, as a saga of its own; `stepped`,
 * inside the turns of its machine; `listener`, in the host's memory while it is wanted.
 */
export type ActorWay = 'activity' | 'child' | 'stepped' | 'listener';

/** See `ActorWay`. */
function wayOfKind(kind: ActorKind): ActorWay {
  switch (kind) {
    case 'promise':
    case 'unknown':
      return 'activity';
    case 'machine':
      return 'child';
    case 'transition':
      return 'stepped';
    case 'callback':
    case 'observable':
    case 'event-observable':
      return 'listener';
  }
}

interface Facts {
  /** By the logic that the machine was drawn with. */
  readonly names: ReadonlyMap<unknown, string>;
  readonly children: ReadonlySet<string>;
}

const factsByMachine = new WeakMap<AnyStateMachine, Facts>();

/** Keeps what the machine was drawn with: its logic by name, and which names are child sagas. */
export function noteActors(
  machine: AnyStateMachine,
  logic: readonly (readonly [string, unknown])[],
  children: readonly string[],
): void {
  const names = new Map(logic.map(([name, each]) => [each, name] as const));
  factsByMachine.set(machine, { names, children: new Set(children) });
}

/** The name that a `src` has in the machine; `null`: it has none. */
export function nameOfSrc(machine: AnyStateMachine, src: unknown): string | null {
  if (typeof src === 'string') return src;
  return factsByMachine.get(machine)?.names.get(src) ?? null;
}

/** How an actor of that name runs; `null`: the machine knows none. */
export function wayOfActor(machine: AnyStateMachine, name: string): ActorWay | null {
  if (factsByMachine.get(machine)?.children.has(name) === true) return 'child';
  const logic: unknown = readFields(machine.implementations.actors)[name];
  return logic === undefined ? null : wayOfKind(kindOfLogic(logic));
}
