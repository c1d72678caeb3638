/**
 * The engine's store over the simulated disk: batches like the real queue (one in flight, the
 * next one fills), completed, failed or cut off when the scheduler says so.
 *
 * Invariant: a promise resolves only after its batch is in the durable image. A killed store
 * answers nobody and changes nothing any more, as a process that is gone.
 */
import { NO_DURATIONS } from '../../src/core/distribution.ts';
import { BackstepError } from '../../src/core/errors.ts';
import type { CommitOutcome, SagaCommit, WriteOutcome } from '../../src/store/commit.ts';
import type { Store, StoreHealth } from '../../src/store/store.ts';
import type { Disk, DiskItem, DiskOutcome } from './disk.ts';
import { createSimReader } from './sim-reader.ts';

/** How the batch in flight ends, beside well. */
export type BatchFault =
  /** The disk is full or busy for a while: the batch is kept. */
  | 'stalled'
  /** An I/O error at COMMIT: the caller hears "unknown", the batch is on disk. */
  | 'failed-durable'
  /** The same, and the batch is not on disk. */
  | 'failed-lost'
  /** The rows of the first turn that is not a start are refused, the others go through. */
  | 'rejected';

interface Entry {
  readonly item: DiskItem;
  readonly settle: (outcome: DiskOutcome) => void;
  readonly fail: (error: BackstepError) => void;
}

interface Read {
  readonly answer: () => void;
}

export interface SimStoreOptions {
  readonly disk: Disk;
  readonly maxBatch: number;
  /** False: a read is answered when the scheduler says so, from the image of that moment. */
  readonly readsAtOnce: boolean;
  readonly nowMs: () => number;
  /** False: a planted bug, that writes on when another process owns the disk. */
  readonly checksOwner: boolean;
  /** Called when such a store writes. */
  readonly onForeignWrite: () => void;
  /** Called when the engine hands a turn over, before it is durable. */
  readonly onHandOver: (commit: SagaCommit) => void;
}

// Members are arrow functions, so that a planted bug can spread a store and replace one of them.
export class SimStore implements Store {
  readonly own: Store['own'];
  /** By the steady time: the disk is slow, and the batch in flight takes until then. */
  busyUntilMs = 0;
  readonly #options: SimStoreOptions;
  readonly #epoch: number;
  readonly #disk: Disk;
  #queue: Entry[] = [];
  #inFlight: readonly Entry[] = [];
  #reads: Read[] = [];
  #health: StoreHealth = { kind: 'ready' };
  readonly #listeners = new Set<(health: StoreHealth) => void>();
  #isAlive = true;
  #isClosed = false;
  #isClean = false;
  #onDrained: (() => void) | null = null;

  constructor(options: SimStoreOptions) {
    this.#options = options;
    this.#disk = options.disk;
    const { epoch, wasLeftClean } = options.disk.takeOver();
    this.#epoch = epoch;
    const { lastSid, lastSeq } = options.disk;
    this.own = () => Promise.resolve({ lastSid, lastSeq, wasLeftClean });
  }

  commit = (commit: SagaCommit): Promise<CommitOutcome> => {
    // A former owner measures its attempts from starts of its own, and nothing of it gets through.
    if (this.#isAlive && this.isOwner) this.#options.onHandOver(commit);
    return this.#enqueue({ kind: 'turn', commit }) as Promise<CommitOutcome>;
  };

  write = (statements: SagaCommit['statements']): Promise<WriteOutcome> =>
    this.#enqueue({ kind: 'write', statements }) as Promise<WriteOutcome>;

  acknowledge = async (messageId: number): Promise<void> => {
    await this.#enqueue({ kind: 'acknowledge', messageId });
  };

  reader: Store['reader'] = () => createSimReader(this.#disk, (answer) => this.#read(answer));
  tables: Store['tables'] = () => this.reader();

  loadBySid: Store['loadBySid'] = (sid) => this.#read(() => this.#disk.stored(sid));
  sidOf: Store['sidOf'] = (sagaId) => this.#read(() => this.#disk.sidOf(sagaId));
  findStartKey: Store['findStartKey'] = (type, key) =>
    this.#read(() => this.#disk.startKey(type, key));
  wakes: Store['wakes'] = (untilMs, after, limit) =>
    this.#read(() => this.#disk.wakes(untilMs, after, limit));
  pendingMessages: Store['pendingMessages'] = (afterId, limit) =>
    this.#read(() => this.#disk.pendingMessages(afterId, limit));

  // No saga of the simulation is bounded.
  starts: Store['starts'] = {
    counts: () => Promise.resolve({ active: 0, queued: 0 }),
    queues: () => Promise.resolve([]),
    queued: () => Promise.resolve([]),
  };

  // Nor does anybody write into an inbox.
  inbox: Store['inbox'] = {
    waiting: () => Promise.resolve([]),
    figures: () => Promise.resolve({ waiting: 0, oldestAtMs: null, refused: 0, answers: 0 }),
    refused: () => Promise.resolve([]),
    answers: () => Promise.resolve([]),
    settling: () => ({ sql: '', parameters: [] }),
    clearing: () => [],
    asking: () => ({ sql: '', parameters: [] }),
    takingBack: () => ({ sql: '', parameters: [] }),
    forgetting: () => ({ sql: '', parameters: [] }),
  };
  onNews: Store['onNews'] = () => () => {};
  outside: Store['outside'] = () => Promise.resolve(0);

  // Nor is there more than one version of it.
  upkeep: Store['upkeep'] = {
    drawingsInUse: () => Promise.resolve({ drawings: [], lastSid: null }),
    ofDrawing: () => Promise.resolve([]),
    errorOf: () => Promise.resolve(null),
    wayOf: () => Promise.resolve(null),
    isProjection: () => Promise.resolve(false),
    parkedForVersion: () => Promise.resolve([]),
    removable: () => Promise.resolve({ sids: [], next: null }),
    finalStatus: () => Promise.resolve(null),
    removalHold: () => Promise.resolve({ heldMs: null, newestAtMs: null }),
  };

  health = (): StoreHealth => this.#health;
  readonly label = null;

  owner: Store['owner'] = () => Promise.resolve(null);

  stats: Store['stats'] = () => ({
    commits: 0,
    batches: 0,
    lastBatchSize: 0,
    lastCommitMs: 0,
    queued: 0,
    commitMs: NO_DURATIONS,
    waitMs: NO_DURATIONS,
  });

  onHealth: Store['onHealth'] = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Waits for what is queued. */
  close: Store['close'] = (isClean = false) => {
    this.#isClosed = true;
    this.#isClean = isClean;
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      this.#checkDrained();
    });
  };

  get isOwner(): boolean {
    return this.#disk.isOwner(this.#epoch);
  }

  get hasBatch(): boolean {
    return this.#inFlight.length > 0;
  }

  get readsWaiting(): number {
    return this.#reads.length;
  }

  /** Hands what is queued to the writer, when it is free. */
  begin(): void {
    if (this.#inFlight.length > 0) return;
    this.#inFlight = this.#queue.splice(0, this.#options.maxBatch);
  }

  /** Ends the batch in flight. */
  complete(fault: BatchFault | null): void {
    if (!this.#ownsDisk()) return this.#fail();
    switch (fault) {
      case 'stalled':
        return this.#stall();
      case 'failed-durable':
        this.makeDurable();
        return this.#fail();
      case 'failed-lost':
        return this.#fail();
      case 'rejected':
        return this.#answer(this.#applyButFirst());
      case null:
        return this.#answer(this.makeDurable());
    }
  }

  /** The batch in flight is on disk, and nobody has heard of it yet. */
  makeDurable(): DiskOutcome[] {
    return this.#disk.apply(this.#inFlight.map((entry) => entry.item));
  }

  answerRead(index: number): void {
    const [read] = this.#reads.splice(index, 1);
    read?.answer();
  }

  /** The process is gone. */
  kill(): void {
    this.#isAlive = false;
    this.#queue = [];
    this.#inFlight = [];
    this.#reads = [];
    this.#listeners.clear();
  }

  /** As the real writer asks inside every transaction. */
  #ownsDisk(): boolean {
    if (this.isOwner) return true;
    if (!this.#options.checksOwner) this.#options.onForeignWrite();
    return !this.#options.checksOwner;
  }

  #applyButFirst(): DiskOutcome[] {
    const index = this.#inFlight.findIndex(
      ({ item }) => item.kind === 'turn' && item.commit.birth === null,
    );
    const rejected: DiskOutcome = { kind: 'rejected', message: 'a constraint failed' };
    return this.#inFlight.map((entry, position) =>
      position === index ? rejected : (this.#disk.apply([entry.item])[0] ?? rejected),
    );
  }

  #answer(outcomes: readonly DiskOutcome[]): void {
    const batch = this.#inFlight;
    this.#inFlight = [];
    if (this.#health.kind === 'stalled') this.#change({ kind: 'ready' });
    for (const [index, entry] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined) entry.settle(outcome);
    }
    this.#checkDrained();
  }

  #checkDrained(): void {
    const isDrained = this.#queue.length === 0 && this.#inFlight.length === 0;
    const isOver = isDrained || this.#health.kind === 'failed';
    if (!isOver || this.#onDrained === null) return;
    if (this.#isClean && this.#isAlive && this.#health.kind !== 'failed') {
      this.#disk.leaveClean(this.#epoch);
    }
    this.#onDrained();
  }

  #stall(): void {
    const reason = 'the simulated disk is full';
    const sinceMs = this.#health.kind === 'stalled' ? this.#health.sinceMs : this.#options.nowMs();
    this.#change({ kind: 'stalled', reason, sinceMs });
  }

  #fail(): void {
    const pending = [...this.#inFlight, ...this.#queue];
    this.#inFlight = [];
    this.#queue = [];
    this.#change({ kind: 'failed', reason: 'the simulated disk broke at COMMIT' });
    for (const entry of pending) entry.fail(failedError());
    this.#checkDrained();
  }

  #change(health: StoreHealth): void {
    this.#health = health;
    for (const listener of this.#listeners) listener(health);
  }

  #enqueue(item: DiskItem): Promise<DiskOutcome> {
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#health.kind === 'failed') return Promise.reject(failedError());
    if (this.#isClosed) {
      return Promise.reject(new BackstepError('unavailable', 'the store is closed'));
    }
    return new Promise((settle, fail) => this.#queue.push({ item, settle, fail }));
  }

  #read<Row>(read: () => Row): Promise<Row> {
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#options.readsAtOnce) return Promise.resolve(read());
    return new Promise((resolve) => this.#reads.push({ answer: () => resolve(read()) }));
  }
}

function failedError(): BackstepError {
  return new BackstepError('storage-failed', 'the outcome is unknown; retry with the same key');
}
