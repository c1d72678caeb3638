/** The queue before every writer: what it refuses, keeps and hands over, whatever the writer is. */
import { beforeEach, describe, expect, it, test } from 'vitest';
import { BatchQueue } from '../../src/store/batch-queue.ts';
import type { FromWriter, ToWriter } from '../../src/store/batch-items.ts';
import { MAX_BACKGROUND } from '../../src/store/waiting-items.ts';
import type { WriterPort } from '../../src/store/writer-port.ts';
import { startOf } from './saga-commits.ts';

const OPENED = { kind: 'opened', lastSid: 7, lastSeq: 9, wasLeftClean: true } as const;

let writer: SpokenWriter;
let queue: BatchQueue;

beforeEach(() => {
  writer = new SpokenWriter();
  queue = new BatchQueue(writer, () => 1_000);
});

describe('before the writer owns the database', () => {
  it('is a standby that names the owner as soon as that is known', () => {
    expect(queue.health()).toMatchObject({ kind: 'standby', owner: null });
    const heard: string[] = [];
    queue.onHealth((health) => heard.push(health.kind));
    writer.say({ kind: 'standby', owner: 'host-1, process 42' });
    expect(queue.health()).toEqual({
      kind: 'standby',
      owner: 'host-1, process 42',
      reason:
        'another process (host-1, process 42) owns the database; ' +
        'this one takes over when that ends',
    });
    writer.say(OPENED);
    expect(queue.health()).toEqual({ kind: 'ready' });
    expect(heard).toEqual(['standby', 'ready']);
  });

  it('refuses what would write, and hands nothing of it over later', async () => {
    writer.say({ kind: 'standby', owner: null });
    const message = 'another process owns the database; this one takes over when that ends';
    const refusal = { code: 'unavailable', message };
    await expect(queue.commit(startOf(1))).rejects.toMatchObject(refusal);
    await expect(queue.write([])).rejects.toMatchObject(refusal);
    await expect(queue.acknowledge(1)).rejects.toMatchObject(refusal);
    writer.say(OPENED);
    await new Promise(setImmediate);
    expect(writer.heard).toEqual([]);
  });

  it('tells what the new owner finds once, to whoever asks and whenever', async () => {
    const early = queue.own();
    writer.say(OPENED);
    const found = { lastSid: 7, lastSeq: 9, wasLeftClean: true };
    expect(await early).toEqual(found);
    expect(await queue.own()).toEqual(found);
  });

  it('rejects who waits for ownership when it is closed, and ends the writer', async () => {
    writer.say({ kind: 'standby', owner: null });
    const waiting = queue.own();
    const closing = queue.close(true);
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
    expect(writer.heard).toEqual([{ kind: 'close', isClean: true }]);
    writer.say({ kind: 'closed' });
    await closing;
    expect(writer.isTerminated).toBe(true);
  });

  it('rejects who waits for ownership with what the writer was refused for', async () => {
    writer.say({ kind: 'refused', code: 'storage-refused', message: 'not ours' });
    await expect(queue.own()).rejects.toMatchObject({
      code: 'storage-refused',
      message: 'not ours',
    });
    expect(queue.health()).toMatchObject({ kind: 'failed', reason: 'not ours' });
  });
});

test('fails what is under way and what waits when the writer ends by itself', async () => {
  writer.say(OPENED);
  const underWay = queue.commit(startOf(1));
  await new Promise(setImmediate);
  const waiting = queue.commit(startOf(2));
  writer.crash('gone');
  for (const commit of [underWay, waiting]) {
    await expect(commit).rejects.toMatchObject({ code: 'storage-failed' });
  }
  expect(queue.health()).toMatchObject({ kind: 'failed' });
});

test('hands over one batch at a time, and the next with all that came meanwhile', async () => {
  writer.say(OPENED);
  const first = queue.commit(startOf(1));
  await new Promise(setImmediate);
  const others = [queue.commit(startOf(2)), queue.commit(startOf(3))];
  await new Promise(setImmediate);
  expect(writer.batchSizes).toEqual([1]);
  writer.say({ kind: 'done', outcomes: [10], durationMs: 1 });
  await new Promise(setImmediate);
  expect(writer.batchSizes).toEqual([1, 2]);
  writer.say({ kind: 'done', outcomes: [11, 12], durationMs: 1 });
  expect(await Promise.all([first, ...others])).toEqual(
    [10, 11, 12].map((seq) => ({ kind: 'committed', seq })),
  );
});

describe('of sagas in the background', () => {
  const SAGAS = 3 * MAX_BACKGROUND;

  /** Which sagas the last batch was of. */
  const sidsOf = (batch: ToWriter | undefined): readonly unknown[] =>
    batch?.kind === 'batch'
      ? batch.items.map((item) => (item.kind === 'start' ? item.saga[0] : item.kind))
      : [];

  async function written(): Promise<readonly unknown[]> {
    const sids = sidsOf(writer.heard.at(-1));
    const outcomes = sids.map((_, index) => 100 + index);
    writer.say({ kind: 'done', outcomes, durationMs: 1 });
    await new Promise(setImmediate);
    return sids;
  }

  beforeEach(async () => {
    writer.say(OPENED);
    void queue.commit(startOf(9_999));
    await new Promise(setImmediate);
    for (let sid = 1; sid <= SAGAS; sid += 1) void queue.commit(startOf(sid), true);
  });

  it('writes a bounded share with each batch, in their order, and what comes in before them', async () => {
    await written();
    void queue.commit(startOf(5_001));
    void queue.commit(startOf(5_002));
    const first = await written();
    expect(first).toEqual(range(1, MAX_BACKGROUND));
    const second = await written();
    expect(second).toEqual([5_001, 5_002, ...range(MAX_BACKGROUND + 1, 2 * MAX_BACKGROUND)]);
    expect(queue.stats().queued).toBe(0);
  });

  it('writes as many though more comes in than a batch takes', async () => {
    for (let sid = 5_001; sid <= 6_500; sid += 1) void queue.commit(startOf(sid));
    await written();
    const sids = await written();
    expect(sids).toHaveLength(512);
    expect(sids.filter((sid) => Number(sid) <= SAGAS)).toEqual(range(1, MAX_BACKGROUND));
  });

  it('writes some though a batch is full by its length', async () => {
    const state = 'x'.repeat(17 * 1024 * 1024);
    void queue.commit(startOf(5_001, { saga: { state } }));
    void queue.commit(startOf(5_002));
    await written();
    expect(await written()).toEqual([5_001, 1]);
  });
});

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, nth) => from + nth);

describe('an item that met a foreign lock', () => {
  it('comes again later, in a batch of its own, and holds nobody of its first', async () => {
    writer.say(OPENED);
    const held = queue.commit(startOf(1));
    const free = queue.commit(startOf(2));
    await writer.untilHeard(1);
    writer.say({ kind: 'done', outcomes: [{ kind: 'postponed' }, 10], durationMs: 1 });
    expect(await free).toEqual({ kind: 'committed', seq: 10 });
    expect(queue.stats()).toMatchObject({ queued: 1, commits: 1 });
    await writer.untilHeard(2);
    expect(writer.batchSizes).toEqual([2, 1]);
    writer.say({ kind: 'done', outcomes: [11], durationMs: 1 });
    expect(await held).toEqual({ kind: 'committed', seq: 11 });
    expect(queue.stats()).toMatchObject({ queued: 0, commits: 2 });
  });

  it('is written before the queue is closed', async () => {
    writer.say(OPENED);
    const held = queue.commit(startOf(1));
    await writer.untilHeard(1);
    writer.say({ kind: 'done', outcomes: [{ kind: 'postponed' }], durationMs: 1 });
    const closing = queue.close();
    await writer.untilHeard(2);
    writer.say({ kind: 'done', outcomes: [10], durationMs: 1 });
    expect(await held).toEqual({ kind: 'committed', seq: 10 });
    expect(writer.heard.map(({ kind }) => kind)).toEqual(['batch', 'batch', 'close']);
    writer.say({ kind: 'closed' });
    await closing;
  });

  it('fails with all others when the writer fails', async () => {
    writer.say(OPENED);
    const held = queue.commit(startOf(1));
    await writer.untilHeard(1);
    writer.say({ kind: 'done', outcomes: [{ kind: 'postponed' }], durationMs: 1 });
    writer.say({ kind: 'failed', reason: 'gone' });
    await expect(held).rejects.toMatchObject({ code: 'storage-failed' });
  });
});

test('is ready again after a stall with nothing under way, when the writer says so', () => {
  writer.say(OPENED);
  writer.say({ kind: 'stalled', reason: 'the connection ended' });
  expect(queue.health()).toMatchObject({ kind: 'stalled', sinceMs: 1_000 });
  writer.say({ kind: 'resumed' });
  expect(queue.health()).toEqual({ kind: 'ready' });
});

/** A writer that says what the test says, and writes nothing. */
class SpokenWriter implements WriterPort {
  readonly heard: ToWriter[] = [];
  isTerminated = false;
  #sent = Promise.withResolvers<void>();
  #take: (message: FromWriter) => void = () => {};
  #crashed: (reason: string) => void = () => {};

  get batchSizes(): readonly number[] {
    return this.heard.flatMap((message) => (message.kind === 'batch' ? message.items.length : []));
  }

  listen(take: (message: FromWriter) => void, crashed: (reason: string) => void): void {
    this.#take = take;
    this.#crashed = crashed;
  }

  send(message: ToWriter): void {
    this.heard.push(message);
    this.#sent.resolve();
    this.#sent = Promise.withResolvers();
  }

  async untilHeard(count: number): Promise<void> {
    while (this.heard.length < count) await this.#sent.promise;
  }

  async terminate(): Promise<void> {
    this.isTerminated = true;
  }

  say(message: FromWriter): void {
    this.#take(message);
  }

  crash(reason: string): void {
    this.#crashed(reason);
  }
}
