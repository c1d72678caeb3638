/**
 * What the engine and its pages ask a database, by name: each asked once, as in a database with many
 * sagas, of which few are under way.
 */
import type { Kysely } from 'kysely';
import type { SagaFilter } from '../../../src/store/read-models.ts';
import { createAlertReads } from '../../../src/store/queries/alert-records.ts';
import { createBulkReads } from '../../../src/store/queries/bulk-records.ts';
import { createEngineReads } from '../../../src/store/queries/engine-reads.ts';
import { createGaugeReads } from '../../../src/store/queries/gauge-reads.ts';
import { createMoveReads } from '../../../src/store/queries/moves.ts';
import { createReadModels } from '../../../src/store/queries/saga-queries.ts';
import type { EngineTables } from '../../../src/store/schema.ts';

export type Questions = Readonly<Record<string, () => Promise<unknown>>>;

/** Sagas of the fixture that is asked, the last of them under way. */
export interface AskedSagas {
  readonly sagas: number;
  /** The last one of those that ended. */
  readonly ended: number;
}

const DRAWING = { type: 'order', version: 1, definitionHash: 'hash' };
const PAGE = { limit: 50, cursor: null };
const NARROW: Required<SagaFilter> = {
  type: 'order',
  status: ['running', 'completed'],
  step: 'pay',
  minAttempts: 2,
  updatedBeforeMs: 1,
  text: 'o-1',
};

/** Every way to switch the six filters of a list on and off. */
export const EVERY_FILTER: readonly SagaFilter[] = Object.entries(NARROW).reduce<
  readonly SagaFilter[]
>(
  (known, [name, value]) => [...known, ...known.map((filter) => ({ ...filter, [name]: value }))],
  [{}],
);

/** Of the runtime. Each is to cost the same however much there is. */
export function engineQuestions(db: Kysely<EngineTables>, { sagas, ended }: AskedSagas): Questions {
  const engine = createEngineReads(db);
  const bulk = createBulkReads(db);
  const gauges = createGaugeReads(db);
  const alerts = createAlertReads(db);
  const { starts, upkeep, inbox } = engine;
  const moves = createMoveReads(db);
  const range = { status: 'waiting', afterSid: ended, untilSid: sagas } as const;
  return {
    'a saga by its number': () => engine.loadBySid(ended),
    'the number of an id': () => engine.sidOf(`saga-${ended}`),
    'a start key': () => engine.findStartKey('order', `key-${ended}`),
    'timers that are due': () => engine.wakes(1_000, null, 100),
    'more of them': () => engine.wakes(1_000_000, { wakeAtMs: 1_000, sid: ended }, 100),
    'messages on their way': () => engine.pendingMessages(0, 100),
    'places of a type': () => starts.counts('order'),
    'starts in line': () => starts.queued('order', 100),
    'all lines': () => starts.queues(),
    'what sagas run under': () => upkeep.drawingsInUse(range, 100),
    'those that run under it': () => upkeep.ofDrawing(DRAWING, { ...range, untilSid: ended + 100 }),
    'sagas parked for a version': () => upkeep.parkedForVersion(0, 100),
    'why a saga stands so': () => upkeep.errorOf(ended),
    'where a saga went': () => upkeep.wayOf(`saga-${ended}`),
    'whose sagas they are': () => upkeep.isProjection(),
    'a saga and those it started': () => moves.family(`saga-${ended}`),
    'what hangs off a saga': () => moves.parts({ sid: ended, type: 'order', key: `key-${ended}` }),
    'the sagas of a move': () => moves.ofMove('none', 'leaving', '', 100),
    'a move to a place': () => moves.openMoveTo('nowhere'),
    'what may be removed': () => upkeep.removable(1_000, 50),
    'what removals wait for': () => upkeep.removalHold(),
    'how a removed saga ended': () => upkeep.finalStatus('saga-0'),
    'rows of the inbox that wait': () => inbox.waiting(0, 100),
    'answers to requests': () => inbox.answers(['request-1', 'request-none']),
    'new marks of a rule': () => alerts.newMarks('rule', 1e12, 100),
    'marks that ended': () => alerts.endedMarks(100),
    'open incidents': () => alerts.openIncidents(),
    'messages that are due': () => alerts.dueDeliveries('desk', 1e12, 4),
    'targets with messages': () => alerts.waitingTargets(),
    'messages that do not arrive': () => alerts.undelivered(1e12),
    'sagas for a new rule': () => alerts.scanSagas('waiting', 0, 100),
    'letters for a new rule': () => alerts.scanLetters(0, 100),
    'the first start in line': () => alerts.oldestStart('order'),
    'the first row of the inbox': () => alerts.oldestInboxRow(),
    'the first message on its way': () => alerts.oldestMessage(),
    'bulk commands under way': () => bulk.underWay(),
    'sagas under way by type': () => gauges.underWay(),
    'sagas that have not ended': () => gauges.notEnded(),
    'ended sagas of a range': () =>
      gauges.endedWithin({ afterSid: ended - 10_000, untilSid: ended }),
    'the newest saga': () => gauges.lastSid(),
    'when the last saga ended': () => gauges.lastEndMs(),
    'ranges where sagas ended since': () =>
      gauges.rangesEndedSince(Number.MAX_SAFE_INTEGER, 10_000),
    'what moved longest ago by type': () => gauges.longestUnmoved(),
    'open dead letters by type': () => gauges.openLetters(),
    'how many messages wait': () => gauges.waitingMessages(),
    'how large the database is': () => gauges.size(),
    'whom a bulk command reached': () => bulk.audited([`saga-${ended}`], 'somebody'),
  };
}

/** Of pages, about one saga or one page of a list. Each is to cost the same, too. */
export function pageQuestions(db: Kysely<EngineTables>, { ended }: AskedSagas): Questions {
  const read = createReadModels(db);
  const alerts = createAlertReads(db);
  const id = `saga-${ended}`;
  const group = { type: 'order', kind: 'compensation_failed', code: 'refused' } as const;
  return {
    'the newest sagas': () => read.listSagas({}, PAGE),
    'those of a rare status': () => read.listSagas({ status: ['parked'] }, PAGE),
    'their ids': () => read.sagaIds({ status: ['parked'] }, 1_000),
    'where the list ends': () => read.newestCursor(),
    'what is new since': async () => read.countSagas({}, await read.newestCursor()),
    'the one that stood still longest': () => read.oldestUnmoved(['running']),
    'a saga': () => read.saga(id),
    'the saga of a key': () => read.idOfKey('order', `key-${ended}`),
    'its history': () => read.transitions(id, PAGE),
    'its notes': () => read.notes(id, 50),
    'its audit': () => read.audit(id),
    'its place in line': () => read.pendingStart(id),
    'some sagas': () => read.summaries([id, 'saga-1', 'saga-none']),
    'incidents of alerts': () => alerts.incidents(PAGE),
    'those that are open': () => alerts.incidents(PAGE, true),
    'messages of alerts': () => alerts.deliveries(PAGE),
    'dead letters': () => read.deadLetters(PAGE),
    'those of a group': () => read.deadLetters(PAGE, group),
    'the groups': () => read.deadLetterGroups(),
    'the feed': () => read.feedAfter(ended, 100, {}),
    'the feed of a saga': () => read.feedAfter(0, 100, { sagaId: id }),
    'the feed of a type': () => read.feedAfter(ended, 100, { type: 'order' }),
    'the journal': () => read.journalAfter(ended, 100, {}),
    'where the feed ends': () => read.lastSeq(),
    'epochs of the feed': () => read.feedEpochs(),
    'refused rows of the inbox': () => read.refusedRows(50),
  };
}

/** Of pages, about all there is. */
export function overallQuestions(db: Kysely<EngineTables>): Questions {
  const read = createReadModels(db);
  const lists = EVERY_FILTER.map((filter) => {
    const list = (): Promise<unknown> => read.listSagas(filter, PAGE);
    const count = (): Promise<unknown> => read.countSagas(filter);
    const said = JSON.stringify(filter);
    return { [`a list by ${said}`]: list, [`how many by ${said}`]: count };
  });
  return Object.assign(
    {
      'sagas by status': () => read.statusCounts(),
      'sagas of a type by status': () => read.statusCounts('order'),
      'sagas by version': () => read.versionCounts(),
      'figures of the inbox': () => read.inboxFigures(),
    },
    ...lists,
  ) as Questions;
}
