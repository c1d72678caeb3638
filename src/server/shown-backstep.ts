/**
 * The engine as the HTTP layer knows it: the one place where what leaves the process has its
 * secrets hidden, whatever page, answer, socket or export it is for.
 *
 * Routes and views get nothing else, so they have nothing to hide. Replays need the journal as it is
 * stored; they hide by `shown-state.ts` what they give away. Invariant: orders and checks reach the
 * engine as they came.
 */
import { BackstepError } from '../core/errors.ts';
import { type Redact, redactText } from '../core/secrets/redact.ts';
import type { Backstep, SpawnOptions } from '../host/backstep.ts';
import type { Alerts } from '../host/alerts/alerts-face.ts';
import type { HostCalls } from '../host/host-calls.ts';
import type { SagaHandle, TimeLimit } from '../host/saga-handle.ts';
import type { BulkCommands } from '../host/upkeep/bulk-commands.ts';
import type { FeedEntry, JournalEntry, Paged, ReadModels } from '../store/read-models.ts';
import type { Extension } from './extension.ts';
import { shownData, shownFrame, shownState, shownSummary } from '../core/history/shown-state.ts';

/** The engine, with secrets hidden in all that it tells. */
export function shownBackstep(backstep: Backstep): Backstep {
  const { redact } = backstep;
  const shownEntry = entryOnce();
  return {
    redact,
    capabilities: backstep.capabilities,
    calls: shownCalls(backstep),
    store: backstep.store,
    retention: backstep.retention,
    bulk: shownBulk(backstep),
    alerts: shownAlerts(backstep),
    atOwner: (name, run) => backstep.atOwner(name, run),
    read: shownReads(backstep),
    register: (definition, ...bindings) => backstep.register(definition, ...bindings),
    start: () => backstep.start(),
    stop: (options) => backstep.stop(options),
    spawn: (async (saga: string, options: SpawnOptions) => {
      const started = await backstep.spawn(saga, options);
      const { status, isNew, isRemoved } = started;
      return { ...shownSaga(started, redact, shownEntry), status, isNew, isRemoved };
    }) as Backstep['spawn'],
    saga: ((...args: Parameters<Backstep['saga']>) =>
      shownSaga(backstep.saga(...args), redact, shownEntry)) as Backstep['saga'],
    legalCommands: (state) => backstep.legalCommands(state),
    subscribe: (listener) => backstep.subscribe((entry) => listener(shownEntry(entry))),
    startQueue: (type) => backstep.startQueue(type),
    definitions: () => backstep.definitions(),
    figures: () => backstep.figures(),
    liveActors: (limit) =>
      backstep
        .liveActors(limit)
        .map(({ state, ...actor }) => ({ ...actor, state: shownState(state, redact) })),
    health: () => backstep.health(),
  };
}

function shownSaga(
  saga: SagaHandle,
  redact: Redact,
  shownEntry: (entry: FeedEntry) => FeedEntry,
): SagaHandle {
  return {
    id: saga.id,
    send: async (...args) => shownState(await saga.send(...args), redact),
    command: async (...args) => shownState(await saga.command(...args), redact),
    state: async () => {
      const state = await saga.state().catch(rethrowShown);
      return state === null ? null : shownState(state, redact);
    },
    subscribe: (listener) => saga.subscribe((entry) => listener(shownEntry(entry))),
    waitFor: async (...args) => {
      const state = await saga.waitFor(...args);
      return state === null ? null : shownState(state, redact);
    },
    settled: (async (options: TimeLimit) =>
      redact(await saga.settled(options))) as SagaHandle['settled'],
  };
}

/** What is read, with secrets hidden. */
export function shownReads({ read, redact }: Pick<Backstep, 'read' | 'redact'>): ReadModels {
  const textOf = (json: string): string => shownJson(json, redact);
  const line = (entry: JournalEntry): JournalEntry => {
    const { data: _, ...frame } = entry;
    return { ...shownFrame(frame), data: shownData(entry, redact) };
  };
  return {
    listSagas: async (...args) => itemsShown(await read.listSagas(...args), shownSummary),
    countSagas: (...args) => read.countSagas(...args),
    sagaIds: (...args) => read.sagaIds(...args),
    newestCursor: () => read.newestCursor(),
    feedEpochs: () => read.feedEpochs(),
    oldestUnmoved: async (statuses) => {
      const oldest = await read.oldestUnmoved(statuses);
      return oldest === null ? null : shownSummary(oldest);
    },
    saga: async (id) => {
      const saga = await read.saga(id);
      if (saga === null) return null;
      const { state, ...frame } = saga;
      return { ...shownSummary(frame), state: textOf(state) };
    },
    idOfKey: (type, key) => read.idOfKey(type, key),
    transitions: async (...args) => itemsShown(await read.transitions(...args), line),
    notes: async (...args) => (await read.notes(...args)).map(line),
    summaries: async (ids) => (await read.summaries(ids)).map(shownSummary),
    deadLetters: async (...args) =>
      itemsShown(await read.deadLetters(...args), ({ letter, ...frame }) => ({
        ...shownFrame(frame),
        letter: textOf(letter),
      })),
    deadLetterGroups: async () => shownFrame(await read.deadLetterGroups()),
    audit: async (id) => shownFrame(await read.audit(id)),
    pendingStart: async (id) => shownFrame(await read.pendingStart(id)),
    startQueues: () => read.startQueues(),
    statusCounts: (type) => read.statusCounts(type),
    gauges: read.gauges,
    versionCounts: () => read.versionCounts(),
    inboxFigures: () => read.inboxFigures(),
    refusedRows: async (limit) =>
      (await read.refusedRows(limit)).map(({ payload, options, answer, ...frame }) => ({
        ...shownFrame(frame),
        payload: textOf(payload),
        options: options === null ? null : textOf(options),
        answer: textOf(answer),
      })),
    feedAfter: async (...args) => shownFrame(await read.feedAfter(...args)),
    journalAfter: async (...args) => (await read.journalAfter(...args)).map(line),
    lastSeq: () => read.lastSeq(),
  };
}

/** Read first: what is hidden within one of its texts must not reach beyond that text. */
function shownJson(json: string, redact: Redact): string {
  let stored: unknown;
  try {
    stored = JSON.parse(json);
  } catch {
    return String(redact(json)); // a row that somebody edited
  }
  return JSON.stringify(redact(stored));
}

/** What an extension reads for pages of the server. */
export function shownExtension(
  extension: Extension,
  { redact }: Pick<Backstep, 'redact'>,
): Extension {
  const shown = <Read>(read: Read): Read => redact(read) as Read; // texts stay texts
  const { panels, invariants } = extension;
  return {
    ...extension,
    ...(panels === undefined
      ? {}
      : {
          panels: panels.map((panel) => ({
            ...panel,
            read: async (page) => shown(await panel.read(page)),
          })),
        }),
    ...(invariants === undefined
      ? {}
      : { invariants: async () => shown(await invariants.call(extension)) }),
  };
}

/** Alerts: what is in a message is hidden as in what it was made of. */
function shownAlerts({ alerts, redact }: Pick<Backstep, 'alerts' | 'redact'>): Alerts {
  return {
    rules: () => alerts.rules(),
    targets: () => alerts.targets(),
    figures: () => alerts.figures(),
    incidents: async (...args) => itemsShown(await alerts.incidents(...args), shownSummary),
    deliveries: async (page) =>
      itemsShown(await alerts.deliveries(page), ({ body, ...frame }) => ({
        ...shownFrame(frame),
        body: shownJson(body, redact),
      })),
    trial: (...args) => alerts.trial(...args),
  };
}

/** Calls: what they failed of may tell what they carried. */
function shownCalls({ calls }: Pick<Backstep, 'calls'>): HostCalls | null {
  if (calls === null) return null;
  return {
    figures: () => calls.figures(),
    troubles: async () => shownFrame(await calls.troubles()),
    nudge: async (...args) => shownFrame(await calls.nudge(...args)),
    resync: async (options) => shownFrame(await calls.resync(options)),
    resynced: () => shownFrame(calls.resynced()),
  };
}

/** Bulk commands: who ordered them and why, and what each saga answered. */
function shownBulk({ bulk }: Pick<Backstep, 'bulk'>): BulkCommands {
  return {
    freeze: async (request) => shownFrame(await bulk.freeze(request)),
    start: async (id) => shownFrame(await bulk.start(id)),
    stop: async (id) => shownFrame(await bulk.stop(id)),
    find: async (id) => shownFrame(await bulk.find(id)),
    list: async (page) => shownFrame(await bulk.list(page)),
    items: async (...args) => shownFrame(await bulk.items(...args)),
  };
}

function itemsShown<Item>(page: Paged<Item>, shown: (item: Item) => Item): Paged<Item> {
  return { ...page, items: page.items.map(shown) };
}

/** All listeners get a commit one after the other: it is looked through once. */
function entryOnce(): (entry: FeedEntry) => FeedEntry {
  let last: FeedEntry | null = null;
  let shown: FeedEntry | null = null;
  return (entry) => {
    if (shown === null || entry !== last) {
      const event = redactText(entry.event);
      shown = event === entry.event ? entry : { ...entry, event };
      last = entry;
    }
    return shown;
  };
}

function rethrowShown(error: unknown): never {
  if (!(error instanceof BackstepError)) throw error;
  const { code, message, cause } = error;
  throw new BackstepError(code, redactText(message), { cause });
}
