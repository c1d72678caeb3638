/**
 * What was live in a saga, in the state that a migration leads it to: attempts under way go on as
 * what that state runs for the same step, timers keep their due times.
 *
 * Pure. What finds no place there is left for `fitOf` to refuse.
 */
import type { AnyStateNode } from 'xstate';
import type { SagaDefinition } from '../define/definition.ts';
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import { afterId, delayName, isAfter } from '../machine/timer-ids.ts';
import { delayOf } from '../machine/macrostep/scope.ts';
import type { Live, LiveTimer, SagaState } from '../state.ts';
import type { StepNames } from './step-names.ts';

/** The attempts under the ids of the invokes that stand for the same side of the same step. */
export function rehomed(
  definition: SagaDefinition,
  nodes: readonly AnyStateNode[],
  live: Live['activities'],
): Live['activities'] {
  const invokes = nodes.flatMap((node) => node.invoke);
  const moved = Object.entries(live).map(([id, activity]) => {
    const { step, direction, childId } = activity;
    const home = invokes.find(({ id: other, src }) => {
      const role = definition.invokes.get(other);
      const isChild =
        src === UNWIND_CHILD ||
        (typeof src === 'string' && Object.hasOwn(definition.children, src));
      const isSame = role?.step === step && role.direction === direction;
      return isSame && isChild === (childId !== undefined);
    });
    if (home === undefined || typeof home.src !== 'string') return [id, activity] as const;
    return [home.id, { ...activity, src: home.src }] as const;
  });
  return Object.fromEntries(moved);
}

/** What the timers of a state are taken over with. */
export interface Moving {
  readonly definition: SagaDefinition;
  /** The active ones of the new machine. */
  readonly nodes: readonly AnyStateNode[];
  readonly restored: SagaState;
  readonly names: StepNames;
  readonly nowMs: number;
}

/**
 * The timers that the new state has: each as it was by its id, else by the name of its delay, so
 * that a renamed or moved state keeps the wait it was in; else it is armed now.
 */
export function keptTimers(moving: Moving, live: Live['timers']): Live['timers'] {
  const { definition, nodes, restored, names, nowMs } = moving;
  const kept: Record<string, LiveTimer> = {};
  for (const [id, timer] of Object.entries(live)) {
    if (!isAfter(id)) kept[id] = timer; // a delayed event of its own
  }
  for (const node of nodes) {
    for (const delay of Object.keys(node.config.after ?? {}).map(delayName)) {
      const id = afterId(delay, node.id);
      const known = live[id] ?? timerOf(delay, live) ?? timerOf(oldDelay(delay, names), live);
      if (known !== undefined) {
        kept[id] = { ...known, event: { type: id } };
        continue;
      }
      const delayMs = delayOf(restored.snapshot, delay, restored.id);
      kept[id] = newTimer(definition, id, delayMs, restored, nowMs);
    }
  }
  return kept;
}

function timerOf(delay: string | undefined, live: Live['timers']): LiveTimer | undefined {
  if (delay === undefined) return undefined;
  const id = Object.keys(live).find((each) => isAfter(each, delay));
  return id === undefined ? undefined : live[id];
}

// Delays are named after what they delay: `<step>.retry`, `<wait>.expires`.
function oldDelay(delay: string, names: StepNames): string | undefined {
  const [, name, rest] = /^(.+)(\.[^.]+)$/.exec(delay) ?? [];
  const old = [...names].find(([, each]) => each === name)?.[0];
  return old === undefined ? undefined : `${old}${rest}`;
}

function newTimer(
  definition: SagaDefinition,
  id: string,
  delayMs: number,
  { seq }: SagaState,
  nowMs: number,
): LiveTimer {
  const isAttemptTimeout = definition.timers.get(id)?.kind === 'attempt-timeout';
  const armed = { token: seq + 1, event: { type: id } };
  return isAttemptTimeout ? { ...armed, delayMs } : { ...armed, dueMs: nowMs + delayMs };
}
