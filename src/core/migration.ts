/**
 * Taking a saga in flight from one version of its definition to another.
 *
 * Pure. Works on the stored form, so that the old machine need not exist any more; what comes out
 * has been restored by the new machine. Invariant: a timer keeps its due time and an attempt under
 * way its token and key, or the migration is refused.
 */
import type { AnyStateNode, StateValue } from 'xstate';
import { encodeState, parseStored, restoreStored, type StoredState } from './codec.ts';
import type { SagaDefinition } from './definition.ts';
import { BackstepError } from './errors.ts';
import type { Inbound, Turn } from './inbound.ts';
import { keepContext } from './json.ts';
import { isStill, type Live, type LiveTimer, type SagaState } from './state.ts';
import { activeNodes, delayOf } from './scope.ts';
import { statePath } from './state-path.ts';
import { statusOf } from './saga-status.ts';

/** Where a saga stands in its machine. */
export interface MachineState {
  /** An XState state value. */
  readonly state: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * From one version to the next: what it leaves out stays as it is. Must be pure; it may run more
 * than once.
 */
export type Migration = (saga: MachineState) => Partial<MachineState>;

/** A migration on its way to a definition. */
export interface MigrationPlan {
  readonly from: number;
  readonly definition: SagaDefinition;
  /** In order; each takes what the one before gave. */
  readonly steps: readonly Migration[];
}

/** A saga as it is stored. */
export interface StoredInstance {
  readonly id: string;
  readonly seq: number;
  readonly parts: StoredState;
}

type Migrate = Extract<Inbound, { kind: 'migrate' }>;

/**
 * The inbound that takes a stored saga to the plan's definition. Throws `version-missing` with the
 * reason when the new machine cannot go on from there.
 */
export function migrationOf(
  plan: MigrationPlan,
  { id, seq, parts: stored }: StoredInstance,
  nowMs: number,
): Migrate {
  const { from, definition } = plan;
  try {
    const migrated = stored.isUnstarted === true ? stored : migrate(plan, id, stored, nowMs);
    const state: SagaState = { ...restoreStored(definition, id, migrated), seq: seq + 1 };
    const before = statePath(stored.machine.value);
    return { kind: 'migrate', from, to: definition.version, before, state: encodeState(state) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BackstepError(
      'version-missing',
      `saga ${id} cannot be taken from version ${from} to ${definition.version}: ${why}`,
      { cause },
    );
  }
}

/** The turn of a migration, worked out before by `migrationOf`. */
export function migrationTurn(
  definition: SagaDefinition,
  sagaId: string,
  inbound: Migrate,
  nowMs: number,
): Turn & { kind: 'advanced' } {
  const state = restoreStored(definition, sagaId, parseStored(sagaId, inbound.state));
  const record = {
    sagaSeq: state.seq,
    atMs: nowMs,
    kind: 'transition',
    cause: 'migrate',
    event: `version ${inbound.to}`,
    from: inbound.before,
    to: statePath(state.snapshot.value),
    status: state.status,
    inbound,
  } as const;
  return { kind: 'advanced', state, effects: [], record };
}

function migrate(
  { definition, steps }: MigrationPlan,
  id: string,
  stored: StoredState,
  nowMs: number,
): StoredState {
  const { machine } = stored;
  let place: MachineState = {
    state: machine.value,
    context: machine.context as MachineState['context'],
  };
  for (const step of steps) place = { ...place, ...step(structuredClone(place)) };
  const context = keepContext(place.context, `saga "${definition.id}": migrated context`);
  const moved = { ...stored, machine: { ...machine, value: place.state, context } };
  if (machine.status !== 'active') return moved;
  const restored = restoreStored(definition, id, moved);
  const nodes = activeNodes(restored.snapshot);
  const live: Live = {
    activities: keptActivities(nodes, stored.live.activities),
    timers: keptTimers(definition, nodes, restored, stored.live.timers, nowMs),
  };
  return { ...moved, live, status: isStill(stored) ? stored.status : statusOf(restored.snapshot) };
}

function keptActivities(
  nodes: readonly AnyStateNode[],
  live: Live['activities'],
): Live['activities'] {
  const invokes = new Map(nodes.flatMap((node) => node.invoke.map(({ id, src }) => [id, src])));
  const homeless = Object.keys(live).filter((id) => !invokes.has(id));
  if (homeless.length > 0) {
    throw new Error(`${homeless.join(', ')} is under way and the new state does not invoke it`);
  }
  const unstarted = [...invokes.keys()].filter((id) => live[id] === undefined);
  if (unstarted.length > 0) {
    const what = unstarted.join(', ');
    throw new Error(`the new state invokes ${what}, which is not under way; go to one that waits`);
  }
  return live;
}

// By id, else by the delay's name: a renamed or moved state keeps the wait it was in.
function keptTimers(
  definition: SagaDefinition,
  nodes: readonly AnyStateNode[],
  restored: SagaState,
  live: Live['timers'],
  nowMs: number,
): Live['timers'] {
  const kept: Record<string, LiveTimer> = {};
  for (const [id, timer] of Object.entries(live)) {
    if (!id.startsWith(AFTER)) kept[id] = timer; // a delayed event of its own
  }
  for (const node of nodes) {
    for (const delay of Object.keys(node.config.after ?? {})) {
      const id = `${AFTER}${delay}.${node.id}`;
      const known = live[id] ?? timerOf(delay, live);
      kept[id] =
        known === undefined
          ? newTimer(
              definition,
              id,
              delayOf(restored.snapshot, delay, restored.id),
              restored,
              nowMs,
            )
          : { ...known, event: { type: id } };
    }
  }
  return kept;
}

const AFTER = 'xstate.after.';

function timerOf(delay: string, live: Live['timers']): LiveTimer | undefined {
  const id = Object.keys(live).find((each) => each.startsWith(`${AFTER}${delay}.`));
  return id === undefined ? undefined : live[id];
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
