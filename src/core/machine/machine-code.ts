/**
 * The user's code in a hand-written machine, made to say where it stands when it fails: an error of
 * one guard among dozens names none. What the builder compiles has its own, with step and member.
 */
import type { AnyStateMachine } from 'xstate';
import { BackstepError } from '../errors.ts';
import { isAsync } from './machine-nodes.ts';
import type { Operation } from './macrostep/microstep-plan.ts';
import { NOT_COVERED } from './macrostep/microstep-self.ts';

type Guard = (...given: readonly never[]) => unknown;

/** The machine's guards by name, those that are plain functions made to name themselves. */
export function namedGuards(machine: AnyStateMachine): Readonly<Record<string, Guard>> {
  const guards = Object.entries<unknown>(machine.implementations.guards);
  return Object.fromEntries(
    guards.flatMap(([name, guard]) =>
      // XState's own combinations of guards have a member `check`; each part is looked up by name.
      typeof guard === 'function' && !('check' in guard) && !isAsync(guard)
        ? [[name, namedGuard(machine.id, name, guard as Guard)]]
        : [],
    ),
  );
}

function namedGuard(sagaId: string, name: string, guard: Guard): Guard {
  return (...given) => {
    let answer: unknown;
    try {
      answer = guard(...given);
    } catch (thrown) {
      throw failure(sagaId, `guard "${name}"`, thrown);
    }
    if (answer instanceof Promise) {
      const why = 'it gives a promise, which is true whatever comes of it; let it answer at once';
      throw failure(sagaId, `guard "${name}"`, new Error(why));
    }
    return answer;
  };
}

/**
 * The error of an operation of a drawing, with its place; one of ours is left as it is, and that of
 * an assign is what the assign threw, as under XState's own interpreter.
 */
export function operationFailure(sagaId: string, operation: Operation, thrown: unknown): unknown {
  if (operation.kind === 'assign') return thrown;
  return failure(sagaId, placeOf(operation), thrown);
}

function placeOf(operation: Exclude<Operation, { kind: 'assign' }>): string {
  switch (operation.kind) {
    case 'invoke':
      return `invoke "${operation.id}", input`;
    case 'raise':
      return 'a raised event';
    case 'emit':
      return 'an emitted event';
    case 'complete':
    case 'end':
      return `state "${operation.stateId}", output`;
    case 'stop':
    case 'cancel':
      return operation.kind;
  }
}

function failure(sagaId: string, place: string, thrown: unknown): Error {
  if (thrown === NOT_COVERED) return NOT_COVERED;
  if (thrown instanceof BackstepError) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new BackstepError('definition-invalid', `saga "${sagaId}", ${place}: ${why}`, {
    cause: thrown,
  });
}
