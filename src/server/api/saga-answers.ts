/**
 * Sagas and journal lines as the API shows them: names and times as in the contract, secrets hidden.
 *
 * Pure projections of states and read models; nothing here reads or decides.
 */
import type { StateValue } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { SagaStep } from '../../core/machine/machine-roles.ts';
import { statePath } from '../../core/machine/state-path.ts';
import { isOver, type SagaState, type StepEntry } from '../../core/state.ts';
import type { RefusedRow } from '../../store/queries/inbox.ts';
import type { DeadLetter, FeedEntry, JournalEntry, SagaSummary } from '../../store/read-models.ts';
import { isJsonObject } from '../body.ts';
import { isoTime } from '../../core/iso-time.ts';

/** A line of `GET /api/sagas`. */
export function summaryView(saga: SagaSummary): object {
  const { startedAtMs, updatedAtMs, endedAtMs, error, ...rest } = saga;
  return {
    ...rest,
    error: error,
    startedAt: isoTime(startedAtMs),
    updatedAt: isoTime(updatedAtMs),
    endedAt: isoTime(endedAtMs),
  };
}

/** A step that was started, or one that is still ahead. */
export type ShownStep = StepEntry | PendingStep;

/** `skipped`: the saga has ended without it. */
export interface PendingStep {
  readonly name: string;
  readonly kind: StepEntry['kind'];
  readonly status: 'pending' | 'skipped';
  readonly attempts: 0;
}

/** What was started, in order of start, then what is still ahead, in the order of the definition. */
export function allSteps(
  definition: SagaDefinition | undefined,
  state: SagaState,
): readonly ShownStep[] {
  const ahead = (definition?.steps ?? []).filter(
    ({ name }) => !state.steps.some((entry) => entry.name === name),
  );
  return [...state.steps, ...ahead.map((step) => stepNotStarted(step, state))];
}

/** Every step of the definition in its order, each with its last occurrence. */
export function definedSteps(
  definition: SagaDefinition | undefined,
  state: SagaState,
): readonly ShownStep[] {
  if (definition === undefined) return state.steps;
  return definition.steps.map(
    (step) => state.steps.findLast(({ name }) => name === step.name) ?? stepNotStarted(step, state),
  );
}

/** Where the saga stands in its machine, such as `forward.processPayment.running`. */
export function pathOf({ snapshot }: SagaState): string {
  return statePath(snapshot.value as StateValue); // XState's type for any machine says `any`
}

/** The output that a saga built from steps keeps of one of them; `undefined` when there is none. */
export function outputOf(state: SagaState, step: string): unknown {
  const context: unknown = state.snapshot.context;
  const results = isJsonObject(context) ? context['results'] : undefined;
  return isJsonObject(results) && Object.hasOwn(results, step) ? results[step] : undefined;
}

/** The input that a saga built from steps keeps. */
export function inputOf(state: SagaState): unknown {
  const context: unknown = state.snapshot.context;
  return isJsonObject(context) ? (context['input'] ?? null) : null;
}

/** A line of `GET /api/sagas/{id}/transitions`. */
export function transitionView({ data, ...entry }: JournalEntry) {
  const { note, by, reason } = wordsIn(data);
  return {
    seq: entry.sagaSeq,
    at: isoTime(entry.atMs),
    kind: entry.kind,
    cause: entry.cause,
    event: entry.event,
    from: entry.from,
    to: entry.to,
    status: entry.status,
    ...(by === null ? {} : { by }),
    ...(reason === null ? {} : { reason }),
    ...(note === null ? {} : { note }),
  };
}

/** Why nothing moved, or what moved beside the event; `null` for a plain transition. */
export function noteIn(data: string): string | null {
  return wordsIn(data).note;
}

// What a person reads of a journal line: its note, and who ordered it and why.
function wordsIn(data: string) {
  const stored = membersOf(parseStored(data));
  const inbound = membersOf(stored['inbound']);
  const said = inbound['kind'] === 'command' ? membersOf(inbound['command']) : inbound;
  const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { note: textOf(stored['note']), by: textOf(said['by']), reason: textOf(said['reason']) };
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}

/** A message of the live feed. `seq` counts within the saga; `cursor` is opaque to clients. */
export function feedMessage(entry: FeedEntry, cursor: string): object {
  return {
    cursor,
    saga: entry.sagaId,
    type: entry.type,
    seq: entry.sagaSeq,
    time: isoTime(entry.atMs),
    kind: entry.kind,
    cause: entry.cause,
    event: entry.event,
    from: entry.from,
    to: entry.to,
    status: entry.status,
  };
}

/** A line of `GET /api/dead-letters`. */
export function deadLetterView(letter: DeadLetter, nowMs: number): object {
  const content = parseStored(letter.letter);
  return {
    id: letter.id,
    sagaId: letter.sagaId,
    type: letter.type,
    key: letter.key,
    status: letter.kind,
    ...(isJsonObject(content) ? content : {}),
    openedAt: isoTime(letter.openedAtMs),
    ageMs: Math.max(0, nowMs - letter.openedAtMs),
  };
}

/** A refused row of `GET /api/inbox`; what it carries is not shown. */
export function refusedRowView({ id, kind, target, key, ...row }: RefusedRow): object {
  const content = parseStored(row.answer);
  const { code, message } = isJsonObject(content) ? content : {};
  const { createdAtMs, refusedAtMs } = row;
  const times = { createdAt: isoTime(createdAtMs), refusedAt: isoTime(refusedAtMs) };
  return { id, kind, target, key, ...times, code, message };
}

// In a saga that is over nothing is pending any more: what never started was not needed.
function stepNotStarted({ name, kind }: SagaStep, state: SagaState): PendingStep {
  return { name, kind, status: isOver(state) ? 'skipped' : 'pending', attempts: 0 };
}

function parseStored(text: string): unknown {
  return JSON.parse(text);
}
