/**
 * What must hold, checked by somebody who sees everything: the disk at every durable turn, the
 * world at every step, every answer and every feed line.
 *
 * Must never rely on the engine's own word where the disk or the books can be asked. Invariant: a
 * violation names its oracle, so that a planted bug can be tied to the one that must catch it.
 */
import type { ActivityContext } from '../../src/core/activity.ts';
import { encodeState } from '../../src/core/history/codec.ts';
import { replayRecord } from '../../src/core/history/replay.ts';
import type { LiveActivity, SagaState } from '../../src/core/state.ts';
import { isBetweenSagas } from '../../src/host/outside/outbox-messages.ts';
import type { SagaBirth, SagaCommit } from '../../src/store/commit.ts';
import { outboxId } from '../../src/store/outbox-id.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import type { BookOp } from './book-op.ts';
import type { DurableTurn } from './disk.ts';
import { checkBank, checkEnd } from './end-oracles.ts';
import { FamilyOracles, stands } from './family-oracles.ts';
import { inboundOf, isUnreadable, recordOf } from './journal-records.ts';
import { RunOracles } from './run-oracles.ts';
import { memberOf, type SimSaga, type What } from './sim-saga.ts';
import type { StoredParts } from './stored-states.ts';
import type { OracleName, OracleScene, Violation } from './violation.ts';

/** How late a timer may be when nothing is in its way. */
const MAX_LATE_MS = 5_000;

export class Oracles {
  readonly violations: Violation[] = [];
  /** Keys of the messages to subscribers that are durable. */
  readonly emitted = new Set<string>();
  readonly #family: FamilyOracles;
  readonly #runs: RunOracles;
  readonly #scene: OracleScene;
  /** `key#attempt` of every attempt whose intent has been durable. */
  readonly #intents = new Set<string>();
  /** Keys used towards participants, by saga, step and direction. */
  readonly #keys = new Map<string, string>();
  /** Steady time of the last start of an attempt, by `key#attempt`. */
  readonly #startedMs = new Map<string, number>();
  readonly #replayed = new Map<number, SagaState>();
  /** Occurrences of steps by saga in order of their first durable intent. */
  readonly #started = new Map<number, LiveActivity[]>();
  readonly #sagaByOrder = new Map<string, string>();
  /** When the saga last went on after it was parked, by the wall clock. */
  readonly #wokenMs = new Map<number, number>();
  readonly #takenEvents = new Set<string>();
  #lastFed = 0;
  /** By the wall clock; a timer that was due before may be late until then. */
  #quietSinceMs = Infinity;

  constructor(scene: OracleScene) {
    this.#scene = scene;
    const fail = (oracle: OracleName, message: string): void => this.fail(oracle, message);
    this.#family = new FamilyOracles(scene, fail);
    this.#runs = new RunOracles(fail);
  }

  fail(oracle: OracleName, message: string): void {
    this.violations.push({ oracle, message });
  }

  /** A participant is about to be called. */
  onCall(
    saga: SimSaga,
    op: BookOp,
    context: ActivityContext,
    { input, isOwner }: { readonly input: unknown; readonly isOwner: boolean },
  ): void {
    const { key, attempt, sagaId } = context;
    this.#runs.onCall(saga, op, context, input);
    const intent = `${key}#${attempt}`;
    if (!this.#intents.has(intent)) this.fail('intent-first', `${intent} had no durable intent`);
    if (isOwner) this.#startedMs.set(intent, this.#scene.time.steadyMs);
    // A step that runs again after it was over is an occurrence of its own.
    const occurrence = saga.isStraight ? '' : key.split('/').at(-1);
    const what = `${sagaId} ${op.kind} ${op.step} ${occurrence}`;
    const known = this.#keys.get(what);
    if (known !== undefined && known !== op.key) {
      this.fail('one-key', `${what} was called with ${known} and with ${op.key}`);
    }
    this.#keys.set(what, op.key);
  }

  /** A turn was computed; it is not durable yet. */
  onHandOver(commit: SagaCommit): void {
    const inbound = inboundOf(commit);
    const before = this.#scene.disk.sagas.get(commit.saga.sid);
    if (inbound.kind !== 'timer' || before === undefined || commit.journal.kind === 'note') return;
    const { live } = this.#scene.states.of(before.row);
    const timer = live.timers[inbound.timer];
    if (timer?.token !== inbound.token) return;
    if (timer.dueMs !== undefined) this.#checkPunctual(inbound.timer, timer.dueMs, commit.saga.sid);
    const { timers, invokes } = this.#memberOf(before.birth).definition;
    const role = timers.get(inbound.timer);
    if (timer.delayMs === undefined || role?.kind !== 'attempt-timeout') return;
    const activity = live.activities[role.activity];
    if (activity === undefined) return;
    const { steadyMs } = this.#scene.time;
    const startedMs = this.#startedMs.get(intentOf(before.birth.id, activity)) ?? Infinity;
    const silenceMs = invokes.get(role.activity)?.heartbeatMs ?? Infinity; // none ever beats
    if (startedMs + Math.min(timer.delayMs, silenceMs) > steadyMs) {
      this.fail('timer-early', `${inbound.timer} ran ${steadyMs - startedMs} ms`);
    }
  }

  onDurable(durable: DurableTurn): void {
    const { commit, before, after } = durable;
    const { sid } = commit.saga;
    if (after.row.seq !== (before?.row.seq ?? 0) + 1 || commit.journal.sagaSeq !== after.row.seq) {
      this.fail('version-step', `saga ${sid} went from ${before?.row.seq} to ${after.row.seq}`);
    }
    const { states } = this.#scene;
    // The one before first: of each saga only the last one is kept.
    const then = before === null ? null : states.of(before.row);
    this.#checkReplay(durable);
    if (before?.row.status === 'parked') this.#wokenMs.set(sid, this.#scene.time.wallMs);
    this.#checkStartKey(durable);
    if (isUnreadable(commit)) return;
    const now = states.of(after.row);
    if (then !== null) this.#checkSuccession(commit, then, now);
    this.#keepIntents(sid, after.birth, now);
    this.#keepMessages(commit, after.birth.id);
    const inbound = inboundOf(commit);
    const { id } = after.birth;
    this.#family.onTurn(commit, inbound, id, { before: then, now });
    const saga = this.#memberOf(after.birth);
    const isNote = commit.journal.kind === 'note';
    this.#runs.onTurn({ id, saga, inbound, isNote, before: then, now });
    checkEnd(this.#scene, sid, (oracle, message) => this.fail(oracle, message));
  }

  /** After every step of the scheduler. */
  onStep(): void {
    const { disk, worldBooks } = this.#scene;
    for (const books of [disk.books, worldBooks]) {
      const { initial, onHand, reserved, shipped } = books.stock;
      if (onHand < 0 || reserved < 0 || shipped < 0 || onHand + reserved + shipped !== initial) {
        this.fail('stock', JSON.stringify(books.stock));
      }
    }
    const charged = new Set<string>();
    for (const { amountMinor, state, orderId } of worldBooks.entries) {
      if (amountMinor === 0 || state !== 'applied') continue;
      if (charged.has(orderId)) this.fail('single-charge', `${orderId} is charged twice`);
      charged.add(orderId);
    }
    checkBank(this.#scene, (oracle, message) => this.fail(oracle, message));
  }

  /** The feed of a process that starts: gapless from where the disk stands now. */
  feedListener(): (entry: FeedEntry) => void {
    const { disk } = this.#scene;
    this.#lastFed = disk.lastSeq;
    return ({ seq, sagaId, sagaSeq }) => {
      if (seq !== this.#lastFed + 1) this.fail('feed', `line ${seq} came after ${this.#lastFed}`);
      this.#lastFed = seq;
      const line = disk.journal[seq - 1];
      if (line?.sagaSeq !== sagaSeq || disk.sidOf(sagaId) !== line.sid) {
        this.fail('feed', `line ${seq} is not on disk as it was published`);
      }
    };
  }

  /** Once all is at rest: the living process has published every line; no child is left over. */
  checkRest(): void {
    this.#family.checkRest();
    const { lastSeq } = this.#scene.disk;
    if (this.#lastFed !== lastSeq) {
      this.fail('feed', `line ${lastSeq} is on disk and the feed stands at ${this.#lastFed}`);
    }
  }

  /** From now on the process is up and nothing goes wrong, so that due timers fire soon. */
  expectPunctuality(): void {
    this.#quietSinceMs = this.#scene.time.wallMs;
  }

  #checkPunctual(timer: string, dueMs: number, sid: number): void {
    const { wallMs } = this.#scene.time;
    if (dueMs > wallMs) this.fail('timer-early', `${timer} is due in ${dueMs - wallMs} ms`);
    const wokenMs = this.#wokenMs.get(sid) ?? 0;
    const lateMs = wallMs - Math.max(dueMs, this.#quietSinceMs, wokenMs);
    if (lateMs > MAX_LATE_MS) this.fail('timer-late', `${timer} was due ${lateMs} ms ago`);
  }

  #checkReplay({ commit, after }: DurableTurn): void {
    const { sid } = commit.saga;
    const record = recordOf(commit);
    const known = this.#replayed.get(sid) ?? null;
    const { definition } = this.#memberOf(after.birth);
    const next = replayRecord(definition, after.birth.id, known, record);
    if (next.kind === 'differs') {
      this.fail('replay', `saga ${sid} at ${next.flaw.sagaSeq}: ${next.flaw.why}`);
      return;
    }
    this.#replayed.set(sid, next.state);
    if (isUnreadable(commit)) return;
    if (encodeState(next.state) === after.row.state) {
      this.#scene.states.keep(after.row, next.state);
      return;
    }
    const line = `${record.cause} ${record.event} (${record.kind})`;
    this.fail('replay', `saga ${sid} at ${after.row.seq}, ${line}, is not what its journal gives`);
  }

  /** The simulated callers start each order under its own id as key, a parent each child. */
  #checkStartKey({ commit, after: { birth } }: DurableTurn): void {
    const inbound = inboundOf(commit);
    if (inbound.kind !== 'start') return;
    const saga = this.#memberOf(birth);
    this.#family.onBirth(birth.id, saga !== this.#scene.saga);
    const order = saga.subjectOf(inbound.input as What) ?? birth.id;
    const known = this.#sagaByOrder.get(order);
    if (known !== undefined) this.fail('start-key', `${order} started ${known} and ${birth.id}`);
    this.#sagaByOrder.set(order, birth.id);
  }

  #checkSuccession(commit: SagaCommit, then: StoredParts, now: StoredParts): void {
    for (const [id, timer] of Object.entries(now.live.timers)) {
      const kept = then.live.timers[id];
      if (kept?.token === timer.token && kept.dueMs !== timer.dueMs) {
        this.fail('timer-kept', `${id} moved from ${kept.dueMs} to ${timer.dueMs}`);
      }
    }
    const inbound = inboundOf(commit);
    if (inbound.kind === 'event' && commit.journal.kind !== 'note') {
      const { id } = inbound;
      if (this.#takenEvents.has(id)) this.fail('event-once', `${id} was taken twice`);
      this.#takenEvents.add(id);
    }
    if (commit.journal.kind === 'note' && commit.statements.length > 0) {
      this.fail('late-is-note', 'a note brought the writes of a result that was not awaited');
    }
    if (inbound.kind !== 'result' || commit.journal.kind === 'note') return;
    if (then.live.activities[inbound.activity]?.token !== inbound.token) {
      this.fail('late-is-note', `a late result of ${inbound.activity} made a transition`);
    }
  }

  #keepIntents(sid: number, birth: SagaBirth, { live, steps }: StoredParts): void {
    const started = this.#started.get(sid) ?? [];
    const activities = Object.values(live.activities);
    const undoing = activities.filter((one) => one.direction === 'compensate');
    const { isParallel } = this.#memberOf(birth);
    if (undoing.length > 1 && !isParallel) this.fail('undo-order', 'two compensations at a time');
    for (const activity of activities) {
      const intent = intentOf(birth.id, activity);
      if (this.#intents.has(intent)) continue;
      this.#intents.add(intent);
      const index = started.findIndex((each) => isSameStep(each, activity));
      if (activity.direction === 'forward' && index === -1) started.push(activity);
      if (activity.direction === 'compensate' && !isParallel) {
        const later = started.slice(index + 1);
        const owed = later.filter((each) => !isGivenUp(each, steps));
        this.#checkUndoOrder(birth.id, activity, owed);
      }
    }
    this.#started.set(sid, started);
  }

  #checkUndoOrder(id: string, { step }: LiveActivity, later: readonly LiveActivity[]): void {
    const { disk, worldBooks } = this.#scene;
    const standing = later.filter((each) => stands([disk.books, worldBooks], id, each));
    if (standing.length === 0) return;
    const names = standing.map((each) => `${each.step} ${each.occurrence}`).join(', ');
    this.fail('undo-order', `${step} is undone while ${names} stands`);
  }

  /** As the engine names each delivery. */
  #keepMessages({ outbox }: SagaCommit, id: string): void {
    const { lastSeq } = this.#scene.disk;
    for (const { index, event } of outbox) {
      if (isBetweenSagas({ event })) continue;
      this.emitted.add(`${id}/${event}/${outboxId(lastSeq, index)}`);
    }
  }

  #memberOf({ type }: SagaBirth): SimSaga {
    return memberOf(this.#scene.saga, type);
  }
}

/** A person said that it may stand. */
function isGivenUp({ step, occurrence }: LiveActivity, steps: StoredParts['steps']): boolean {
  return steps.some(
    (entry) => entry.name === step && entry.occurrence === occurrence && entry.status === 'skipped',
  );
}

function isSameStep(a: LiveActivity, b: LiveActivity): boolean {
  return a.step === b.step && a.occurrence === b.occurrence;
}

function intentOf(sagaId: string, { step, direction, occurrence, attempt }: LiveActivity): string {
  return `${sagaId}/${step}/${direction}/${occurrence}#${attempt}`;
}
