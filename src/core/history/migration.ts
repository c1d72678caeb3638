/**
 * Taking a saga in flight from one version of its definition to another.
 *
 * Pure. Works on the stored form, so that the old machine need not exist any more; what comes out
 * has been restored by the new machine. Invariant: a timer keeps its due time, an attempt under way
 * its token and key, and what was started can be undone, or the migration is refused.
 */
import type { StateValue } from 'xstate';
import { renamedContext, renamedPlace } from '../define/renaming.ts';
import { encodeWhole, parseStored, restoreStored, type StoredState } from './codec.ts';
import { fitOf, placeFlaw } from './compatibility.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { BackstepError } from '../errors.ts';
import type { Inbound, Turn } from '../turn/inbound.ts';
import { keepContext } from '../json.ts';
import { keptTimers, rehomed } from './migrated-live.ts';
import { activeNodes } from '../machine/macrostep/scope.ts';
import { statusOf } from '../machine/saga-status.ts';
import { isStill } from '../state.ts';
import { statePath } from '../machine/state-path.ts';
import { composedNames, withStepNames } from './step-names.ts';

/** Where a saga stands in its machine. */
export interface MachineState {
  /** An XState state value. */
  readonly state: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
}

/** What a migration changes. */
export interface MigratedState extends Partial<MachineState> {
  /**
   * New names by old ones, of steps and waits that are called otherwise now, and of activities that
   * compensate. What was started goes on under the new name and is undone by the compensation of the
   * new name, with the keys that it was made under. A builder's saga stands in the states of the new
   * names, unless `state` says where. Of its context only what the machine keeps for itself goes
   * along: `results` are for the migration to rename, where mappers read them.
   */
  readonly steps?: Readonly<Record<string, string>>;
}

/**
 * From one version to the next: what it leaves out stays as it is. Must be pure; it may run more
 * than once. A saga that the new version could not undo, because a step that was started has no
 * compensation there, is not taken along: name that step in `steps`.
 */
export type Migration = (saga: MachineState) => MigratedState;

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
 * reason when it cannot go on from there.
 */
export function migrationOf(
  plan: MigrationPlan,
  { id, seq, parts: stored }: StoredInstance,
  nowMs: number,
): Migrate {
  const { from, definition } = plan;
  let migrated: StoredState;
  try {
    migrated = stored.isUnstarted === true ? stored : migrate(plan, id, stored, nowMs);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `it cannot be taken from version ${from} to ${definition.version}: ${why}`;
    throw new BackstepError('version-missing', message, { cause });
  }
  const before = statePath(stored.machine.value);
  return inboundOf(definition, from, before, { id, seq, parts: migrated });
}

/**
 * The inbound that takes a stored saga on under its own version, which was edited since: another
 * drawing is another version, whatever its number. Throws as `migrationOf`.
 */
export function adoptionOf(definition: SagaDefinition, stored: StoredInstance): Migrate {
  const before = statePath(stored.parts.machine.value);
  return inboundOf(definition, definition.version, before, stored);
}

/** The turn of a migration, worked out before by `migrationOf` or `adoptionOf`. */
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
    event: `version ${inbound.to}${inbound.from === inbound.to ? ', edited' : ''}`,
    from: inbound.before,
    to: statePath(state.snapshot.value),
    status: state.status,
    inbound,
  } as const;
  return { kind: 'advanced', state, effects: [], record };
}

function inboundOf(
  definition: SagaDefinition,
  from: number,
  before: string,
  { id, seq, parts }: StoredInstance,
): Migrate {
  const fit = fitOf(definition, id, parts, from);
  if (fit.kind === 'unfit') throw new BackstepError('version-missing', fit.why);
  // Whole, and whole from here on: a journal replays from this line on without those before it.
  const state = encodeWhole({ ...fit.state, seq: seq + 1, fromJournal: undefined });
  return { kind: 'migrate', from, to: definition.version, before, state };
}

function migrate(
  { from, definition, steps }: MigrationPlan,
  id: string,
  stored: StoredState,
  nowMs: number,
): StoredState {
  const { machine } = stored;
  let isPlaced = false;
  let place: MachineState = {
    state: machine.value,
    context: machine.context as MachineState['context'],
  };
  const renamings: Readonly<Record<string, string>>[] = [];
  for (const step of steps) {
    const { steps: renaming = {}, ...moved } = checkedAnswer(step(structuredClone(place)));
    place = { ...place, ...moved };
    isPlaced ||= moved.state !== undefined;
    renamings.push(renaming);
  }
  const kept = keepContext(place.context, `saga "${definition.id}": migrated context`);
  const names = composedNames(renamings);
  const context = renamedContext(definition.machine, kept, names);
  const value = isPlaced ? place.state : renamedPlace(definition.machine, place.state, names);
  const moved = {
    ...withStepNames(definition, stored, names),
    machine: { ...machine, value, context },
  };
  if (machine.status !== 'active') return moved;
  const misplaced = placeFlaw(definition, value, from);
  if (misplaced !== null) throw new Error(misplaced);
  const restored = restoreStored(definition, id, moved);
  const nodes = activeNodes(restored.snapshot);
  const live = {
    activities: rehomed(definition, nodes, moved.live.activities),
    timers: keptTimers({ definition, nodes, restored, names, nowMs }, stored.live.timers),
  };
  return { ...moved, live, status: isStill(stored) ? stored.status : statusOf(restored.snapshot) };
}

const ANSWERED: readonly string[] = ['state', 'context', 'steps'];

// `migrate` is user code: a misspelt member of its answer would be dropped without a word.
function checkedAnswer(answer: MigratedState): MigratedState {
  const given: unknown = answer ?? {};
  if (typeof given !== 'object' || given === null || given instanceof Promise) {
    throw new Error('`migrate` must answer at once, with an object');
  }
  const unknown = Object.keys(given).filter((name) => !ANSWERED.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `\`migrate\` answers with ${unknown.join(', ')}; it may give ${ANSWERED.join(', ')}`,
    );
  }
  const { steps = {} } = given as MigratedState;
  for (const [old, name] of Object.entries(steps)) {
    if (typeof name === 'string' && name !== '') continue;
    throw new Error(`\`migrate\` gives ${old} no name in steps; write { ${old}: 'its new name' }`);
  }
  return given;
}
