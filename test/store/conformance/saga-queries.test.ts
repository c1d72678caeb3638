/** The lists and details that pages and the API show. */
import { describe, expect, it } from 'vitest';
import { STORED_FORMAT } from '../../../src/core/history/stored-format.ts';
import type { SagaFilter } from '../../../src/store/read-models.ts';
import { createReadModels } from '../../../src/store/queries/saga-queries.ts';
import { startOf, turnOf } from '../saga-commits.ts';
import { STORES, type StoreKind } from './stores.ts';

const PAGE = { limit: 200, cursor: null };

async function openWithSagas(kind: StoreKind) {
  const store = await (await kind.database()).open();
  await Promise.all([
    store.commit(startOf(1, { birth: { key: 'cart-1', inputHash: 'h' } })),
    store.commit(startOf(2, { saga: { status: 'waiting', step: 'ship', attempts: 3 } })),
    store.commit(startOf(3, { saga: { status: 'failed', error: 'Timeout: 50% gone' } })),
    store.commit(startOf(4, { birth: { type: 'refund' } })),
  ]);
  return { store, read: createReadModels(store.tables()) };
}

describe.each(STORES)('over $name', (kind) => {
  kind.describe('what is read', () => {
    describe('the list of sagas', () => {
      theList(kind);
    });
    describe('one saga', () => {
      oneSaga(kind);
    });
    describe('dead letters', () => {
      deadLetters(kind);
    });
    describe('the feed', () => {
      theFeed(kind);
    });
  });
});

function theList(kind: StoreKind): void {
  it('is newest first and complete over its pages', async () => {
    const { read } = await openWithSagas(kind);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await read.listSagas({}, { limit: 3, cursor });
      seen.push(...page.items.map((saga) => saga.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(['saga-000004', 'saga-000003', 'saga-000002', 'saga-000001']);
  });

  it('has a line per saga', async () => {
    const { read } = await openWithSagas(kind);
    const { items, nextCursor } = await read.listSagas({ step: 'ship' }, PAGE);
    expect(nextCursor).toBeNull();
    expect(items).toEqual([
      {
        id: 'saga-000002',
        key: null,
        type: 'order',
        version: 1,
        status: 'waiting',
        step: 'ship',
        attempts: 3,
        error: null,
        seq: 1,
        startedAtMs: 1_002,
        updatedAtMs: 1_003,
        endedAtMs: null,
      },
    ]);
  });

  it.each<[string, SagaFilter, number[]]>([
    ['type', { type: 'refund' }, [4]],
    ['any of some statuses', { status: ['failed', 'waiting'] }, [3, 2]],
    ['no status', { status: [] }, []],
    ['attempts', { minAttempts: 2 }, [2]],
    ['last update', { updatedBeforeMs: 1_003 }, [1]],
    ['the start of a key', { text: 'CART' }, [1]],
    ['the start of an id', { text: 'saga-000003' }, [3]],
    ['the start of an error, taken as it is', { text: 'timeout: 50%' }, [3]],
    ['wildcards, which mean nothing', { text: '%' }, []],
    ['several at once', { type: 'order', status: ['running'] }, [1]],
  ])('can be narrowed by %s', async (_, filter, sids) => {
    const { read } = await openWithSagas(kind);
    const { items } = await read.listSagas(filter, PAGE);
    expect(items.map((saga) => saga.id)).toEqual(sids.map((sid) => `saga-00000${sid}`));
  });

  it.each([
    { limit: 0, cursor: null },
    { limit: 201, cursor: null },
    { limit: 1.5, cursor: null },
    { limit: 1, cursor: 'rubbish' },
    { limit: 1, cursor: Buffer.from('letters:1').toString('base64url') },
  ])('refuses the page %o', async (page) => {
    const { read } = await openWithSagas(kind);
    await expect(read.listSagas({}, page)).rejects.toMatchObject({ code: 'input-invalid' });
  });

  it('is counted by status', async () => {
    const { read } = await openWithSagas(kind);
    const counts = await read.statusCounts();
    expect(counts).toMatchObject({ running: 2, waiting: 1, failed: 1, completed: 0 });
    expect(Object.keys(counts)).toHaveLength(10);
    expect(await read.statusCounts('order')).toMatchObject({ running: 1, waiting: 1 });
  });
}

function oneSaga(kind: StoreKind): void {
  it('is found by its id, with its stored state', async () => {
    const { read } = await openWithSagas(kind);
    expect(await read.saga('saga-000001')).toMatchObject({
      key: 'cart-1',
      definitionHash: 'hash',
      state: '{"seq":1,"steps":[]}',
    });
    expect(await read.saga('nobody')).toBeNull();
  });

  it('has its journal in order, page by page', async () => {
    const { store, read } = await openWithSagas(kind);
    await store.commit(turnOf(1, 2));
    await store.commit(turnOf(1, 3, { journal: { kind: 'note' } }));
    const first = await read.transitions('saga-000001', { limit: 2, cursor: null });
    expect(first.items.map((line) => line.to)).toEqual(['state-1', 'state-2']);
    const rest = await read.transitions('saga-000001', { limit: 2, cursor: first.nextCursor });
    expect(rest).toEqual({
      items: [
        {
          seq: 6,
          sagaId: 'saga-000001',
          type: 'order',
          sagaSeq: 3,
          atMs: 1_004,
          kind: 'note',
          cause: 'result',
          event: 'event-3',
          from: 'state-2',
          to: 'state-3',
          status: 'running',
          format: STORED_FORMAT,
          data: '{"inbound":{}}',
        },
      ],
      nextCursor: null,
    });
    expect(await read.transitions('nobody', PAGE)).toEqual({ items: [], nextCursor: null });
  });

  it('has its steps in a view over the state', async () => {
    const { store } = await openWithSagas(kind);
    const error = { code: 'Declined', message: 'no money', retryable: false, ambiguous: false };
    const side = { attempts: 2, startedAtMs: 10, endedAtMs: 20 };
    const compensation = { ...side, name: 'refund', status: 'completed' };
    const steps = [
      {
        name: 'pay',
        kind: 'compensatable',
        occurrence: 1,
        status: 'compensated',
        ...side,
        compensation,
      },
      {
        name: 'ship',
        kind: 'pivot',
        occurrence: 2,
        status: 'failed',
        attempts: 1,
        startedAtMs: 30,
        error,
      },
    ];
    await store.commit(turnOf(1, 2, { saga: { state: JSON.stringify({ steps }) } }));
    const rows = store.tables().selectFrom('saga_steps').selectAll().where('sid', '=', 1);
    expect(await rows.orderBy('position').execute()).toEqual([
      {
        saga_id: 'saga-000001',
        sid: 1,
        position: 0,
        step_name: 'pay',
        occurrence: 1,
        status: 'compensated',
        attempts: 2,
        started_at: 10,
        ended_at: 20,
        error: null,
        compensation_name: 'refund',
        compensation_status: 'completed',
        compensation_attempts: 2,
        compensation_started_at: 10,
        compensation_ended_at: 20,
      },
      {
        saga_id: 'saga-000001',
        sid: 1,
        position: 1,
        step_name: 'ship',
        occurrence: 2,
        status: 'failed',
        attempts: 1,
        started_at: 30,
        ended_at: null,
        error: 'Declined: no money',
        compensation_name: null,
        compensation_status: null,
        compensation_attempts: null,
        compensation_started_at: null,
        compensation_ended_at: null,
      },
    ]);
  });

  it('has its audit, oldest first', async () => {
    const { store, read } = await openWithSagas(kind);
    const order = (command: string) => ({ command, by: 'ann', reason: 'asked' });
    await store.commit(turnOf(1, 2, { audit: order('retry') }));
    await store.commit(turnOf(1, 3, { audit: order('cancel') }));
    expect(await read.audit('saga-000001')).toEqual([
      { atMs: 1_003, sagaSeq: 2, ...order('retry') },
      { atMs: 1_004, sagaSeq: 3, ...order('cancel') },
    ]);
  });
}

function deadLetters(kind: StoreKind): void {
  it('are listed newest first while they are open', async () => {
    const { store, read } = await openWithSagas(kind);
    for (const sid of [1, 2, 3]) {
      await store.commit(
        turnOf(sid, 2, { deadLetter: { kind: 'failed', letter: `{"n":${sid}}` } }),
      );
    }
    await store.commit(turnOf(2, 3, { deadLetter: { kind: 'running', letter: null } }));
    const first = await read.deadLetters({ limit: 1, cursor: null });
    expect(first.items).toEqual([
      {
        id: 3,
        sagaId: 'saga-000003',
        type: 'order',
        key: null,
        kind: 'failed',
        letter: '{"n":3}',
        openedAtMs: 1_005,
      },
    ]);
    const rest = await read.deadLetters({ limit: 9, cursor: first.nextCursor });
    expect(rest.items.map((letter) => letter.sagaId)).toEqual(['saga-000001']);
    expect(rest.nextCursor).toBeNull();
  });
}

function theFeed(kind: StoreKind): void {
  it('is the journal of all sagas in commit order, after a position', async () => {
    const { store, read } = await openWithSagas(kind);
    await store.commit(turnOf(2, 2));
    const seqs = async (after: number, limit: number, filter = {}) =>
      (await read.feedAfter(after, limit, filter)).map((entry) => entry.seq);
    expect(await seqs(0, 3)).toEqual([1, 2, 3]);
    expect(await seqs(3, 10)).toEqual([4, 5]);
    expect(await seqs(5, 10)).toEqual([]);
    expect(await seqs(0, 10, { sagaId: 'saga-000002' })).toEqual([2, 5]);
    expect(await seqs(0, 10, { type: 'refund' })).toEqual([4]);
    expect(await seqs(0, 10, { status: 'failed' })).toEqual([3]);
    expect((await read.feedAfter(1, 10, {}, 3)).map((entry) => entry.seq)).toEqual([2, 3]);
  });
}
