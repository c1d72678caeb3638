/**
 * A saga's state as stored text and back. What is read back is checked before XState sees it,
 * because `restoreSnapshot` accepts nonsense.
 */
import type { SagaDefinition } from '../define/definition.ts';
import { BackstepError } from '../errors.ts';
import { type PersistedMachine, persistMachine } from '../machine/persisted-machine.ts';
import { revived } from '../machine/machine-values.ts';
import { restoreMachine } from '../machine/macrostep/scope.ts';
import type { FromJournal, SagaState } from '../state.ts';
import { SAGA_STATUSES } from '../status.ts';
import { resultsIn } from './from-journal.ts';
import { inPresentFormat, STORED_FORMAT } from './stored-format.ts';
import { isRecord, missingPart } from './stored-shape.ts';
import { isUnstarted, WAITING_ROOM } from '../turn/waiting-room.ts';

/** Parts that most sagas lack; they are stored only where they say something. */
type RarePart = 'parent' | 'early' | 'resolution' | 'trace';

/** The stored form; `steps` stands at the top level because the view `saga_steps` reads it. */
export type StoredState = Omit<SagaState, 'snapshot' | 'id' | RarePart> &
  Partial<Pick<SagaState, RarePart>> & {
    readonly machine: PersistedMachine;
    /** The machine is the waiting room, not the saga's own. */
    readonly isUnstarted?: true;
  };

type Stored = { [Part in keyof Required<Parts>]: Parts[Part] | undefined };

/** The form in a row, where results stand in the journal: `null` in their places, see with-results.ts. */
export type InRow = Omit<StoredState, 'fromJournal'> & { readonly inJournal: FromJournal };

/** How the text of a row begins that wants for results. */
export const IN_JOURNAL = '{"inJournal":';

/** The text of a state as its row has it: without the results that its journal has. */
export function encodeState(state: SagaState): string {
  const { fromJournal: inJournal } = state;
  if (inJournal === undefined) return JSON.stringify(leanOf(partsOf(state)));
  const { machine, ...parts } = partsOf(state);
  const results: Record<string, unknown> = { ...resultsIn(machine.context) };
  for (const name in inJournal) results[name] = null;
  const context = { ...(machine.context as object), results };
  return JSON.stringify({ inJournal, ...leanOf({ ...parts, machine: { ...machine, context } }) });
}

/** The text of a state with all that is in it, for where no journal is at hand. */
export function encodeWhole(state: SagaState): string {
  return encodeParts({ ...partsOf(state), fromJournal: state.fromJournal });
}

/** The same of parts that were parsed. */
export function encodeParts({ fromJournal, ...parts }: StoredState): string {
  return JSON.stringify({ fromJournal, ...leanOf(parts) });
}

type Parts = Omit<StoredState, 'fromJournal'>;

function partsOf(state: SagaState): Parts {
  const { seq, status, live, steps, failureReason, seenEvents, parkReason } = state;
  const { snapshot, parent, early, resolution, trace } = state;
  const parts: Parts = {
    seq,
    status,
    live,
    steps,
    failureReason,
    seenEvents,
    parkReason,
    parent,
    early,
    resolution,
    trace,
    machine: persistMachine(snapshot, live.activities),
  };
  return isUnstarted(state) ? { ...parts, isUnstarted: true } : parts;
}

// Every member named, once and in one order. What is undefined is left out by JSON: most sagas lack
// it, and `inFull` puts it back.
function leanOf(parts: Parts): Stored {
  const { live, failureReason, seenEvents, parkReason, parent, early = [], resolution } = parts;
  return {
    seq: parts.seq,
    status: parts.status,
    live: isAtRest(live) ? undefined : live,
    steps: parts.steps,
    failureReason: failureReason ?? undefined,
    seenEvents: seenEvents.length === 0 ? undefined : seenEvents,
    parkReason: parkReason ?? undefined,
    isUnstarted: parts.isUnstarted,
    parent: parent ?? undefined,
    early: early.length === 0 ? undefined : early,
    resolution: resolution ?? undefined,
    trace: parts.trace ?? undefined,
    machine: parts.machine,
  };
}

function isAtRest({ activities, timers }: SagaState['live']): boolean {
  for (const _ in activities) return false;
  for (const _ in timers) return false;
  return true;
}

/** What was parsed, with what is left out where it is empty. */
export function inFull(parsed: unknown): unknown {
  return isRecord(parsed) ? { ...ABSENT, ...parsed } : parsed;
}

const ABSENT = {
  live: { activities: {}, timers: {} },
  failureReason: null,
  seenEvents: [],
  parkReason: null,
} satisfies Partial<StoredState>;

/** The state of a text. Throws `state-unreadable` when it is damaged or the machine lacks it. */
export function decodeState(
  definition: SagaDefinition,
  id: string,
  text: string,
  format = STORED_FORMAT,
): SagaState {
  return restoreStored(definition, id, parseStored(id, text, format));
}

/** The state of the stored parts. Throws `state-unreadable` when the machine lacks it. */
export function restoreStored(
  definition: SagaDefinition,
  id: string,
  stored: StoredState,
): SagaState {
  // Only a drawn machine holds more than JSON.
  const parts = definition.isBuilt ? stored : revived(stored);
  const { machine: persisted, isUnstarted: isWaiting, ...rest } = parts;
  const { parent = null, early = [], resolution = null, trace = null } = rest;
  const machine = isWaiting === true ? WAITING_ROOM : definition.machine;
  const flaw = isWaiting === true ? null : (definition.contextFlaw?.(persisted.context) ?? null);
  if (flaw !== null) throw unreadable(id, `${flaw}; ${OTHER_VERSION}`);
  const self = { id, parentId: parent?.sagaId ?? null };
  const snapshot = restoreMachine(machine, self, persisted, rest.live.activities);
  return { ...rest, id, parent, early, resolution, trace, snapshot };
}

/**
 * The parts of a stored text, in the present form. Throws `state-unreadable` when one is missing or
 * unknown.
 */
export function parseStored(id: string, text: string, format = STORED_FORMAT): StoredState {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unreadable(id, 'is not JSON', cause);
  }
  const value = inFull(inPresentFormat(`saga ${id}`, format, parsed));
  if (isRecord(value) && 'inJournal' in value) {
    throw unreadable(id, 'has results in its journal, and their lines are missing or damaged');
  }
  if (!isStoredState(value)) {
    throw unreadable(
      id,
      `lacks a part that every state has: ${missingPart(value)}; ${OTHER_VERSION}`,
    );
  }
  if (!SAGA_STATUSES.includes(value.status)) {
    throw unreadable(id, `has unknown status ${value.status}`);
  }
  const { machine } = value;
  if (!['active', 'done', 'error'].includes(machine.status)) {
    throw unreadable(id, `has unknown machine status ${machine.status}`);
  }
  return value;
}

const OTHER_VERSION =
  'unless it was damaged, another version of Backstep wrote it: it needs a migration, or that version';

function unreadable(id: string, why: string, cause?: unknown): BackstepError {
  return new BackstepError('state-unreadable', `saga ${id}: stored state ${why}`, { cause });
}

function isStoredState(value: unknown): value is StoredState {
  return missingPart(value) === null;
}
