/**
 * Which states of a statechart are lit in one instance, how, and what is under way in them.
 *
 * Pure, and for any machine that can run durably. Nothing here knows where a state is drawn.
 */
import type { AnyStateNode } from 'xstate';
import { callsOf } from './chart.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { nodesOf } from '../core/machine/machine-nodes.ts';
import { activeNodes } from '../core/machine/macrostep/scope.ts';
import { forwardStatusOf } from '../core/turn/skip.ts';
import {
  isStill,
  type Direction,
  type Live,
  type SagaState,
  type StepEntry,
} from '../core/state.ts';
import type { SagaStatus } from '../core/status.ts';

/** How a state is lit. `visited`: it was active once, and nothing more can be said. */
export type Light =
  'active' | 'done' | 'failed' | 'in_doubt' | 'compensated' | 'skipped' | 'visited';

export interface LitState {
  readonly id: string;
  readonly path: string;
  readonly light: Light;
  /** Of the activity that an active state calls; `null`: it calls none just now. */
  readonly attempt: number | null;
  /** When the next timer of an active state is due; `null`: none runs. */
  readonly dueMs: number | null;
}

/**
 * The states of an instance that are lit, in the order of the drawing.
 *
 * @param visited paths of the states it was in, as journal records have them (`to`)
 */
export function litStates(
  definition: SagaDefinition,
  { snapshot, steps, status, live }: SagaState,
  visited: Iterable<string>,
): readonly LitState[] {
  const active = new Set(activeNodes(snapshot).map(({ id }) => id));
  const been = visitedPaths(visited);
  const hasEnded = snapshot.status !== 'active';
  return nodesOf(definition.machine)
    .slice(1)
    .flatMap((node) => {
      const path = node.path.join('.');
      const isActive = active.has(node.id);
      const wasThere = isActive || been.has(path);
      if (isActive && status !== 'terminated') {
        const light = hasEnded ? (lastLight(status) ?? 'active') : 'active';
        return { id: node.id, path, light, ...underWay(node, live, isStill({ status })) };
      }
      if (!wasThere) return [];
      const light = lightOf(definition, node, steps);
      return { id: node.id, path, light, attempt: null, dueMs: null };
    });
}

/** What is under way in an active state. */
function underWay(
  node: AnyStateNode,
  live: Live,
  isStanding: boolean,
): Pick<LitState, 'attempt' | 'dueMs'> {
  const attempts = node.invoke.flatMap(({ id }) => live.activities[id]?.attempt ?? []);
  const due = Object.values(live.timers).flatMap(({ dueMs, event }) =>
    dueMs !== undefined && node.transitions.has(event.type) ? [dueMs] : [],
  );
  return {
    attempt: attempts.length === 0 ? null : Math.max(...attempts),
    // A timer of a saga that stands still acts only once a person lets it go on.
    dueMs: isStanding || due.length === 0 ? null : Math.min(...due),
  };
}

// `a.b.c + a.d` is all of a, a.b, a.b.c and a.d.
function visitedPaths(visited: Iterable<string>): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const whole of new Set(visited)) {
    for (const path of whole.split(' + ')) {
      const keys = path.split('.');
      for (let depth = 1; depth <= keys.length; depth += 1)
        paths.add(keys.slice(0, depth).join('.'));
    }
  }
  return paths;
}

// Where a saga has ended, nothing is active any more: its last state is lit as it came out.
function lastLight(status: SagaStatus): Light | null {
  switch (status) {
    case 'completed':
      return 'done';
    case 'compensated':
      return 'compensated';
    case 'compensation_failed':
    case 'failed':
    case 'parked':
      return 'failed';
    case 'running':
    case 'waiting':
    case 'paused':
    case 'compensating':
    case 'terminated':
      return null;
  }
}

// A state that belongs to one side of one step is lit as that side came out.
function lightOf(
  definition: SagaDefinition,
  node: AnyStateNode,
  steps: readonly StepEntry[],
): Light {
  const calls = nodesWithin(node).flatMap((inner) => callsOf(definition, inner));
  const [call] = calls;
  const isOfOne = calls.every(
    ({ step, direction }) => step === call?.step && isSameSide(direction, call.direction),
  );
  if (call === undefined || !isOfOne) return 'visited';
  const entry = steps.findLast(({ name }) => name === call.step);
  if (entry === undefined) return 'visited';
  return call.direction === 'compensate' ? undoneLight(entry) : forwardLight(entry);
}

function isSameSide(one: Direction, other: Direction): boolean {
  return (one === 'compensate') === (other === 'compensate');
}

function nodesWithin(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesWithin)];
}

function forwardLight(entry: StepEntry): Light {
  const { mayHaveHappened } = entry;
  switch (forwardStatusOf(entry)) {
    case 'completed':
      return 'done';
    case 'failed':
      return 'failed';
    case 'in_doubt':
      return 'in_doubt';
    case 'compensated':
      return 'compensated';
    case 'skipped':
      return 'skipped';
    // What is being undone was done, or may have been.
    case 'compensating':
    case 'compensation_failed':
      return mayHaveHappened === true ? 'in_doubt' : 'done';
    case 'pending':
    case 'running':
    case 'retrying':
      return 'visited';
  }
}

function undoneLight({ compensation }: StepEntry): Light {
  switch (compensation?.status) {
    case 'completed':
      return 'compensated';
    case 'failed':
      return 'failed';
    case 'running':
    case 'retrying':
    case undefined:
      return 'visited';
  }
}
