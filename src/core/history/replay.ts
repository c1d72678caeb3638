/**
 * A saga's journal, taken through the core once more: the state after every record, and the first
 * record that does not lead where it led.
 *
 * Pure. Invariant: with the definition that wrote it, the journal of a saga gives its snapshot, byte
 * for byte; a record holds everything its turn used. With another definition the answer is how far
 * the journal still holds. A saga that was migrated goes on from the state in that record.
 */
import { encodeState } from './codec.ts';
import type { SagaDefinition } from '../define/definition.ts';
import { keep } from '../turn/early-events.ts';
import { BackstepError } from '../errors.ts';
import type { Effect, Inbound, JournalRecord, Turn } from '../turn/inbound.ts';
import { type VersionLookup, versionsAlong } from './journal-versions.ts';
import { migrationTurn } from './migration.ts';
import { statePath, type Way } from '../machine/state-path.ts';
import type { SagaState } from '../state.ts';
import { inPresentFormat, STORED_FORMAT } from './stored-format.ts';
import { keepsText, stateAfterMove } from '../turn/kept-text/moved.ts';
import { begin, turn } from '../turn/turn.ts';
import { isUnreadableRecord, parkedAsItWas } from '../turn/kept-text/unreadable.ts';

/** A journal record as stores and the API give it: the inbound is still text. */
export type JournalLine = Omit<JournalRecord, 'inbound' | 'note' | 'cause'> & {
  readonly cause: string;
  /** JSON: `{ inbound, note? }`. */
  readonly data: string;
  /** In which form `data` is written; absent: the present one. */
  readonly format?: number;
};

/** The saga after one record of its journal. */
export interface ReplayedTurn {
  readonly record: JournalRecord;
  readonly state: SagaState;
  /** What it was replayed with. */
  readonly definition: SagaDefinition;
  /** What the turn commanded; a host had to do it once the turn was durable. */
  readonly effects: readonly Effect[];
}

/** The first record that does not replay. */
export interface ReplayFlaw {
  readonly sagaSeq: number;
  /** What the record says and what the replay gives instead. */
  readonly why: string;
}

/** A replayed journal. */
export interface Replay {
  /** One for every record up to the flaw, in order; from the last migration on where need be. */
  readonly turns: readonly ReplayedTurn[];
  /** `null`: every record leads where it led. */
  readonly flaw: ReplayFlaw | null;
}

type Next =
  | ({ readonly kind: 'replayed' } & ReplayedTurn)
  | { readonly kind: 'differs'; readonly flaw: ReplayFlaw };

/**
 * Replays a journal from its first record. Never throws for what the saga's machine does; that
 * becomes the flaw.
 *
 * @param sagaId the public id; idempotency keys and the ids of child sagas are made of it
 * @param definition of the version that the saga runs under now
 * @param records in order of `sagaSeq`, from the start on
 * @param older the versions it ran under before; records of one that is not there are tried with
 *   the present one
 */
export function replay(
  definition: SagaDefinition,
  sagaId: string,
  records: readonly JournalRecord[],
  older: VersionLookup = () => undefined,
): Replay {
  const versionAt = versionsAlong(records, definition, older);
  let turns: ReplayedTurn[] = [];
  let state: SagaState | null = null;
  let flaw: ReplayFlaw | null = null;
  for (const record of records) {
    const isMigration = record.inbound.kind === 'migrate';
    if (flaw !== null && !isMigration) continue;
    const written = versionAt(record.sagaSeq).definition ?? definition;
    const next = replayRecord(written, sagaId, state, record);
    if (next.kind === 'differs') {
      flaw ??= next.flaw;
      continue;
    }
    // What came before was written by another version, which may not replay with this one.
    if (flaw !== null) turns = [];
    flaw = null;
    const { kind: _, ...replayed } = next;
    turns.push(replayed);
    state = replayed.state;
  }
  return { turns, flaw };
}

/** Takes one record further. `before`: the state after the record before it; `null` at the start. */
export function replayRecord(
  definition: SagaDefinition,
  sagaId: string,
  before: SagaState | null,
  record: JournalRecord,
): Next {
  const differs = (why: string): Next => ({
    kind: 'differs',
    flaw: { sagaSeq: record.sagaSeq, why },
  });
  const { inbound } = record;
  const isMigration = inbound.kind === 'migrate';
  const expectedSeq = isMigration ? record.sagaSeq : (before?.seq ?? 0) + 1;
  if (record.sagaSeq !== expectedSeq) {
    return differs(`record ${expectedSeq} is missing: the journal goes on at ${record.sagaSeq}`);
  }
  if (isUnreadableRecord(record)) {
    if (before === null) return differs('the journal begins with a saga that cannot be read');
    const state = parkedAsItWas(before, expectedSeq);
    return { kind: 'replayed', record, state, definition, effects: [] };
  }
  if (inbound.kind === 'move') {
    if (before === null) return differs('the journal begins with a move');
    const state = stateAfterMove(before, inbound, expectedSeq);
    return { kind: 'replayed', record, state, definition, effects: [] };
  }
  let taken: Turn | null;
  try {
    taken = isMigration
      ? migrationTurn(definition, sagaId, inbound, record.atMs)
      : takeAgain(definition, sagaId, before, record);
  } catch (error) {
    return differs(`the machine throws: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (taken === null) {
    return differs(before === null ? 'the journal does not begin with a start' : 'a second start');
  }
  if (taken.kind === 'refused') {
    return differs(`${record.event} is refused (${taken.reason}) where it was taken before`);
  }
  const whole = (): Way => wholeWay(before, taken.state);
  const why = differenceOf(record, taken.record, whole);
  if (why !== null) return differs(why);
  const effects = taken.kind === 'advanced' ? taken.effects : [];
  return { kind: 'replayed', record, state: taken.state, definition, effects };
}

/**
 * The text that a store must hold of a saga after the last replayed record; `null` when none was
 * replayed. A saga parked as unreadable, or moved, keeps the text it had.
 */
export function storedTextOf({ turns }: Replay): string | null {
  const last = turns.findLast(({ record }) => !keepsText(record));
  return last === undefined ? null : encodeState(last.state);
}

/** The record of a stored line. Throws `state-unreadable` when its data is not what was written. */
export function recordOfLine(line: JournalLine): JournalRecord {
  const { sagaSeq, atMs, kind, event, from, to, status } = line;
  const { inbound, note } = dataOfLine(line);
  const cause = inbound.kind;
  const place = { sagaSeq, atMs, kind, cause, event, from, to, status };
  return { ...place, inbound, ...(note === undefined ? {} : { note }) };
}

/** What the data of a line says. Throws as `recordOfLine`. */
export function dataOfLine({
  sagaSeq,
  cause,
  data: text,
  format = STORED_FORMAT,
}: Pick<JournalLine, 'sagaSeq' | 'cause' | 'data' | 'format'>): JournalData {
  const unreadable = (why?: unknown): BackstepError =>
    new BackstepError(
      'state-unreadable',
      `journal record ${sagaSeq}: its data is not JSON with an inbound of kind "${cause}"`,
      { cause: why },
    );
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw unreadable(thrown);
  }
  const data = inPresentFormat(`journal record ${sagaSeq}`, format, parsed);
  if (!isJournalData(data) || data.inbound.kind !== cause) throw unreadable();
  return data;
}

function takeAgain(
  definition: SagaDefinition,
  sagaId: string,
  before: SagaState | null,
  { inbound, atMs, kind }: JournalRecord,
): Turn | null {
  if (inbound.kind === 'start') {
    if (before !== null) return null;
    const { input, parent = null, hold = null, trace = null } = inbound;
    return begin(definition, sagaId, input, atMs, parent, hold, trace);
  }
  if (before === null) return null;
  const taken = turn(definition, before, inbound, atMs);
  // Kept by an older release wherever the saga stood; it was accepted, so it stands.
  const wasKept =
    kind === 'note' &&
    inbound.kind === 'event' &&
    definition.keepsEarly.includes(inbound.event.type);
  return taken.kind === 'refused' && wasKept ? keep(before, inbound, atMs) : taken;
}

// What lines of older releases hold: they name every region, however many there are.
function wholeWay(before: SagaState | null, after: SagaState): Way {
  const from = before === null ? null : statePath(before.snapshot.value);
  return { from, to: statePath(after.snapshot.value) };
}

/** Compared in this order: the first difference is the one that tells a person most. */
const COMPARED = ['kind', 'event', 'from', 'to', 'status'] as const;

function differenceOf(
  recorded: JournalRecord,
  replayed: JournalRecord,
  whole: () => Way,
): string | null {
  const isSame = (name: (typeof COMPARED)[number]): boolean =>
    recorded[name] === replayed[name] ||
    ((name === 'from' || name === 'to') && recorded[name] === whole()[name]);
  const member = COMPARED.find((name) => !isSame(name));
  if (member === undefined) return null;
  const { [member]: was } = recorded;
  const { [member]: is, note } = replayed;
  const because = note === undefined ? '' : ` (${note})`;
  return `${recorded.event}: ${member} was ${was ?? 'none'} and is now ${is ?? 'none'}${because}`;
}

interface JournalData {
  readonly inbound: Inbound;
  readonly note?: string;
}

// Only the kind is looked at, which has a column of its own; the core wrote what is inside.
function isJournalData(value: unknown): value is JournalData {
  if (value === null || typeof value !== 'object' || !('inbound' in value)) return false;
  const { inbound } = value;
  return inbound !== null && typeof inbound === 'object' && 'kind' in inbound;
}
