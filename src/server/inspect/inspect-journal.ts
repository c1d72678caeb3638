/**
 * What an inspector is told of a saga: its machine's snapshot after each line of its journal.
 *
 * Snapshots come from replaying the journal, so past sagas look as they did. A few are held so that
 * the next line costs one turn; the others are replayed from their start. Secrets are hidden.
 */
import type { EventObject, StateValue } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { JournalRecord } from '../../core/turn/inbound.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import { replayRecord } from '../../core/history/replay.ts';
import { persistMachine } from '../../core/machine/persisted-machine.ts';
import { isOver, type SagaState } from '../../core/state.ts';
import { isEnded } from '../../core/status.ts';
import type { Backstep } from '../../host/backstep.ts';
import type { JournalEntry, SagaSummary } from '../../store/read-models.ts';
import { isRecord, readable } from '../api/saga-history.ts';
import { isJsonObject } from '../body.ts';
import { definitionOf } from '../saga-lookup.ts';

/** Sagas whose last state is kept at hand. */
const MAX_HELD = 200;
/** Lines of one saga read at a time. */
const PAGE_SIZE = 200;
/** Generations of child sagas that are looked up to name the root. */
const MAX_GENERATIONS = 16;

/** A machine's snapshot, fit for JSON. */
export interface InspectedSnapshot {
  readonly status: 'active' | 'done' | 'error';
  readonly value: StateValue;
  readonly context: unknown;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly tags: readonly string[];
}

/** A saga as an inspector knows it. */
export interface InspectedSaga {
  readonly id: string;
  readonly type: string;
  /** `null`: this program has no such version any more. */
  readonly definition: SagaDefinition | null;
  readonly parentId: string | null;
  /** The saga without parent above it; itself when it has none. */
  readonly rootId: string;
}

/** A saga after one line of its journal. */
export interface InspectedTurn {
  readonly snapshot: InspectedSnapshot;
  readonly event: EventObject;
  /** The child saga that sent the event; `null`: it came from elsewhere. */
  readonly sourceId: string | null;
  /** Nothing more happens to it. */
  readonly isOver: boolean;
}

/** Reads sagas for one inspector. */
export class InspectJournal {
  readonly #backstep: Pick<Backstep, 'read' | 'saga' | 'definitions' | 'redact'>;
  /** The last state of a saga, the least recently used first. */
  readonly #held = new Map<string, SagaState>();
  readonly #sagas = new Map<string, InspectedSaga>();
  /** Sagas whose journal does not replay, up to a migration: not tried again at each line. */
  readonly #lost = new Map<string, true>();

  constructor(backstep: Pick<Backstep, 'read' | 'saga' | 'definitions' | 'redact'>) {
    this.#backstep = backstep;
  }

  /** Who the saga is; `null` when there is no such saga. */
  async saga(id: string): Promise<InspectedSaga | null> {
    const known = this.#sagas.get(id);
    if (known !== undefined) return known;
    const record = await this.#backstep.read.saga(id);
    if (record === null) return null;
    const parentId = parentIn(record.state);
    const saga: InspectedSaga = {
      id,
      type: record.type,
      definition: definitionOf(this.#backstep, record.type, record.version) ?? null,
      parentId,
      rootId: parentId === null ? id : await this.#rootOf(parentId),
    };
    keepAtMost(this.#sagas, MAX_HELD, id, saga);
    return saga;
  }

  /** Where a saga stands now, and the number of turns that took it there. */
  async now(summary: SagaSummary): Promise<{ snapshot: InspectedSnapshot; sagaSeq: number }> {
    const state = await this.#backstep
      .saga(summary.id)
      .state()
      .catch(() => null);
    if (state === null) {
      const status = isEnded(summary.status) ? 'done' : 'active';
      const snapshot = { status, value: summary.status, context: {}, tags: [] } as const;
      return { snapshot, sagaSeq: summary.seq };
    }
    this.#hold(state);
    return { snapshot: snapshotOf(state, this.#backstep.redact), sagaSeq: state.seq };
  }

  /** The saga after this line of its journal. One that does not replay is shown by its path. */
  async turn(entry: JournalEntry, definition: SagaDefinition | null): Promise<InspectedTurn> {
    const read = readable(entry);
    const record = isRecord(read) ? read : null;
    const before = this.#held.get(entry.sagaId) ?? null;
    const written = (record && this.#versionOf(entry, record)) ?? definition;
    const state = written && (await this.#stateAfter(entry, record, before, written));
    const shown = {
      event: record === null ? { type: entry.event } : eventOf(record, this.#backstep.redact),
      sourceId: record && childThatSent(record, before),
    };
    if (state === null) {
      this.#held.delete(entry.sagaId);
      const isDone = isEnded(entry.status);
      const status = isDone ? 'done' : 'active';
      const value = valueOfPath(entry.to);
      return {
        ...shown,
        snapshot: { status, value, context: {}, tags: [entry.status] },
        isOver: isDone,
      };
    }
    this.#hold(state);
    return { ...shown, snapshot: snapshotOf(state, this.#backstep.redact), isOver: isOver(state) };
  }

  // A migration is of the version it leads to, and so is the saga from then on.
  #versionOf({ sagaId, type }: JournalEntry, { inbound }: JournalRecord): SagaDefinition | null {
    if (inbound.kind !== 'migrate') return null;
    const definition = definitionOf(this.#backstep, type, inbound.to) ?? null;
    const saga = this.#sagas.get(sagaId);
    if (saga !== undefined) this.#sagas.set(sagaId, { ...saga, definition });
    return definition;
  }

  async #stateAfter(
    { sagaId }: JournalEntry,
    record: JournalRecord | null,
    held: SagaState | null,
    definition: SagaDefinition,
  ): Promise<SagaState | null> {
    let before = held;
    if (record === null || record.sagaSeq === 1) before = null;
    else if (held?.seq !== record.sagaSeq - 1) {
      before = this.#lost.has(sagaId)
        ? null
        : await this.#replayUntil(sagaId, record.sagaSeq, definition);
    }
    // A migration says by itself what it led to.
    const isFirst = record?.sagaSeq === 1 || record?.inbound.kind === 'migrate';
    const isPossible = record !== null && (before !== null || isFirst);
    const state = isPossible ? stateAfter(definition, sagaId, before, record) : null;
    if (state === null) keepAtMost(this.#lost, MAX_HELD, sagaId, true);
    else this.#lost.delete(sagaId);
    return state;
  }

  /** The state before this turn; `null` when the journal does not replay that far. */
  async #replayUntil(
    sagaId: string,
    sagaSeq: number,
    definition: SagaDefinition,
  ): Promise<SagaState | null> {
    let state: SagaState | null = null;
    let cursor: string | null = null;
    do {
      const page = await this.#backstep.read.transitions(sagaId, { limit: PAGE_SIZE, cursor });
      for (const line of page.items) {
        if (line.sagaSeq >= sagaSeq) return state;
        const read = readable(line);
        // What this version does not replay, it may have been migrated from since.
        state = isRecord(read) ? stateAfter(definition, sagaId, state, read) : null;
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    return state;
  }

  async #rootOf(id: string): Promise<string> {
    let root = id;
    for (let generation = 0; generation < MAX_GENERATIONS; generation += 1) {
      const record = await this.#backstep.read.saga(root);
      const parent = record === null ? null : parentIn(record.state);
      if (parent === null) return root;
      root = parent;
    }
    return root;
  }

  #hold(state: SagaState): void {
    keepAtMost(this.#held, MAX_HELD, state.id, state);
  }
}

/** The state that a record led to; `null`: it does not replay. */
function stateAfter(...given: Parameters<typeof replayRecord>): SagaState | null {
  const next = replayRecord(...given);
  return next.kind === 'replayed' ? next.state : null;
}

/** A state's machine as inspectors show it. */
function snapshotOf(
  { snapshot, live, status: sagaStatus }: SagaState,
  redact: Redact,
): InspectedSnapshot {
  const { status, value, context, output, error } = persistMachine(snapshot, live.activities);
  return {
    status,
    value,
    context: redact(context),
    tags: [...new Set([...snapshot.tags, sagaStatus])],
    ...(output === undefined ? {} : { output: redact(output) }),
    ...(error === undefined ? {} : { error: redact(error) }),
  };
}

/** The event of a turn with what it carried, as the machine saw it. */
function eventOf({ inbound, event }: JournalRecord, redact: Redact): EventObject {
  const type = inbound.kind === 'start' ? 'xstate.init' : event;
  return { ...(redact(payloadOf(inbound)) as object), type };
}

function payloadOf(inbound: JournalRecord['inbound']): object {
  switch (inbound.kind) {
    case 'start':
      return { input: inbound.input };
    case 'event':
    case 'told':
      return inbound.event;
    case 'result':
      return inbound.outcome.kind === 'done'
        ? { output: inbound.outcome.output, actorId: inbound.activity }
        : { error: inbound.outcome.failure, actorId: inbound.activity };
    case 'timer':
      return { timer: inbound.timer };
    case 'interrupted':
      return { actorId: inbound.activity };
    case 'command':
      return { by: inbound.command.by ?? null, reason: inbound.command.reason ?? null };
    case 'park':
      return { error: inbound.failure };
    case 'admit':
      return {};
    case 'migrate':
      return { from: inbound.from, to: inbound.to };
    case 'move':
      return { move: inbound.move, place: inbound.place };
  }
}

function childThatSent({ inbound }: JournalRecord, before: SagaState | null): string | null {
  if (inbound.kind !== 'result') return null;
  return before?.live.activities[inbound.activity]?.childId ?? null;
}

/** The state value of `forward.charge.running`, or of regions joined with ` + `. */
function valueOfPath(path: string): StateValue {
  if (!path.includes('.') && !path.includes(' + ')) return path;
  const value: Record<string, StateValue> = {};
  const below = Map.groupBy(path.split(' + '), (one) => one.split('.', 1)[0] ?? '');
  for (const [key, paths] of below) {
    const rests = paths.map((one) => one.slice(key.length + 1)).filter((rest) => rest !== '');
    value[key] = rests.length === 0 ? {} : valueOfPath(rests.join(' + '));
  }
  return value;
}

function parentIn(storedState: string): string | null {
  const stored: unknown = JSON.parse(storedState);
  const parent = isJsonObject(stored) ? stored['parent'] : undefined;
  const id = isJsonObject(parent) ? parent['sagaId'] : undefined;
  return typeof id === 'string' ? id : null;
}

/** Sets a key as the newest one and drops the oldest beyond the bound. */
function keepAtMost<Value>(map: Map<string, Value>, most: number, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
