import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BackstepError } from '../../../src/core/errors.ts';
import type { Clock } from '../../../src/host/clock.ts';
import { type Logger, silentLogger } from '../../../src/host/turn-log.ts';
import { BulkActions } from '../../../src/host/upkeep/bulk-actions.ts';
import { markWrite } from '../../../src/store/queries/bulk-records.ts';
import { bodyOf, type HttpFixture, isoTime, openFixture, problemIn } from '../http-fixture.ts';
import { registerStays } from './stay-saga.ts';
import { bulkHost } from '../../host/upkeep/bulk-host.ts';

let http: HttpFixture;
let bulk: BulkActions | undefined;
beforeEach(async () => {
  http = await openFixture({ register: (backstep) => registerStays(backstep) });
});
afterEach(() => http.dispose());

describe('POST /api/bulk', () => {
  it('commands each saga of a list once, and tells the outcome of each', async () => {
    const ids = await waitingStays(2);
    const over = await http.settledOrder('over');
    const bulkId = await ordered({
      command: 'cancel',
      ids: [...ids, over, 'nope', ids[0]],
      by: 'kim',
      reason: 'hotel closed',
    });
    expect(await ended(bulkId)).toMatchObject({
      command: 'cancel',
      by: 'kim',
      reason: 'hotel closed',
      total: 4,
      taken: 2,
      refused: 2,
      failed: 0,
      pending: 0,
      filter: null,
      createdAt: isoTime(),
      startedAt: isoTime(),
      endedAt: isoTime(),
    });
    const { items } = await get(`/api/bulk/${bulkId}/sagas`);
    expect(items).toMatchObject([
      { sagaId: ids[0], outcome: 'taken', detail: null },
      { sagaId: ids[1], outcome: 'taken', status: 'compensating' },
      { sagaId: over, outcome: 'refused', detail: expect.stringContaining('has ended') as unknown },
      { sagaId: 'nope', outcome: 'refused', detail: expect.stringContaining('nope') as unknown },
    ]);
    const { items: refused } = await get(`/api/bulk/${bulkId}/sagas?outcome=refused&limit=1`);
    expect(refused).toMatchObject([{ sagaId: over }]);
    expect(await get(`/api/sagas/${String(ids[1])}`)).toMatchObject({
      audit: [
        {
          command: 'cancel',
          by: expect.stringMatching(/^kim \(bulk 1, .+Z\)$/) as unknown,
          reason: 'hotel closed',
        },
      ],
    });
  });

  it('freezes what a filter finds, and leaves alone what matches later', async () => {
    const before = await waitingStays(3);
    const filter = { type: 'stay', status: ['waiting'] };
    const frozen = await bodyOf(
      await http.send('POST', '/api/bulk', { command: 'cancel', filter, start: false }),
    );
    expect(frozen).toMatchObject({ state: 'frozen', total: 3, pending: 3, filter });
    const [later] = await waitingStays(1);
    expect(await get(`/api/bulk/${String(frozen['id'])}`)).toMatchObject({ state: 'frozen' });
    const path = `/api/bulk/${String(frozen['id'])}/start`;
    const answers = await Promise.all([http.send('POST', path), http.send('POST', path)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await ended(frozen['id'])).toMatchObject({ taken: 3 });
    for (const id of before)
      expect((await http.backstep.saga(id).settled({ within: 5_000 })).status).toBe('compensated');
    expect((await http.backstep.saga(String(later)).state())?.status).toBe('waiting');
    expect(await get('/api/bulk')).toMatchObject({ items: [{ id: 1, state: 'ended' }] });
  });

  it('survives a list of thousands', async () => {
    await waitingStays(1_200);
    const bulkId = await ordered({ command: 'terminate', filter: { status: ['waiting'] } });
    expect(await ended(bulkId)).toMatchObject({ total: 1_200, taken: 1_200 });
    expect(await http.backstep.read.statusCounts()).toMatchObject({ terminated: 1_200 });
    const first = await get(`/api/bulk/${bulkId}/sagas?limit=200`);
    const next = await get(`/api/bulk/${bulkId}/sagas?cursor=${String(first['nextCursor'])}`);
    expect([first['items'], next['items']].flat()).toHaveLength(250);
  });

  it('goes on after a crash without commanding any saga twice', async () => {
    const ids = await waitingStays(3);
    const frozen = await bodyOf(
      await http.send('POST', '/api/bulk', { command: 'pause', ids, start: false }),
    );
    // As if the process had died after the first saga took it and before that was recorded.
    const by = `api (bulk ${String(frozen['id'])}, ${String(frozen['createdAt'])})`;
    await http.backstep.saga(String(ids[0])).command({ name: 'pause', by });
    const { store } = http.backstep;
    await store.write([markWrite(store.tables(), Number(frozen['id']), 'started', 1)]);
    bulk = new BulkActions(bulkHost(http.backstep), { logger: silentLogger });
    await bulk.resume();
    await bulk.idle();
    expect(await get(`/api/bulk/${String(frozen['id'])}`)).toMatchObject({
      state: 'ended',
      taken: 3,
      refused: 0,
    });
    for (const id of ids) expect(await http.backstep.read.audit(id)).toHaveLength(1);
  });

  it('stops between two sagas and leaves the others pending', async () => {
    const ids = await waitingStays(200);
    const frozen = await bodyOf(
      await http.send('POST', '/api/bulk', { command: 'pause', ids, start: false }),
    );
    bulk = new BulkActions(bulkHost(http.backstep), { logger: silentLogger });
    await bulk.start(Number(frozen['id']));
    await bulk.close();
    const { pending, endedAt } = await get(`/api/bulk/${String(frozen['id'])}`);
    expect(pending).toBeGreaterThan(0);
    expect(endedAt).toBeNull();
    bulk = new BulkActions(bulkHost(http.backstep), { logger: silentLogger });
    await bulk.resume();
    await bulk.idle();
    expect(await get(`/api/bulk/${String(frozen['id'])}`)).toMatchObject({ taken: 200 });
  });

  it('is stopped by whoever says so, and leaves alone those whose turn has not come', async () => {
    const ids = await waitingStays(200);
    const frozen = await bodyOf(
      await http.send('POST', '/api/bulk', { command: 'pause', ids, start: false }),
    );
    const path = `/api/bulk/${String(frozen['id'])}`;
    expect(await problemIn(await http.send('POST', `${path}/stop`))).toEqual([409, 'not-legal']);
    // Those of the first part wait for the person: one of them takes no order just now.
    const begun = Promise.withResolvers<void>();
    const refuses = new BackstepError('unavailable', 'not just now');
    bulk = new BulkActions(
      {
        ...http.backstep,
        saga: (id, once) => ({
          command: async (order) => {
            expect(once).toBe(
              `bulk-${String(frozen['id'])}-${Date.parse(String(frozen['createdAt']))}`,
            );
            if (id !== ids[0]) return http.backstep.saga(id).command(order);
            begun.resolve();
            throw refuses;
          },
        }),
      },
      { logger: silentLogger },
    );
    await bulk.start(Number(frozen['id']));
    await begun.promise;
    expect(await bulk.stop(Number(frozen['id']))).toMatchObject({
      endedAtMs: expect.any(Number) as unknown,
    });
    await bulk.idle();
    const told = await get(path);
    expect(told).toMatchObject({ state: 'ended', taken: 63, pending: 137 });
    expect(await bodyOf(await http.send('POST', `${path}/stop`))).toEqual(told);
    const page = await http.app.request(path.replace('/api', ''));
    expect(await page.text()).toMatch(/Stopped .*: 137 were left alone\./s);
    // It stays so, whatever process comes next.
    bulk = new BulkActions(bulkHost(http.backstep), { logger: silentLogger });
    await bulk.resume();
    await bulk.idle();
    expect(await get(path)).toEqual(told);
  });

  it('goes on where the database was away for a while, and orders nothing twice', async () => {
    const ids = await waitingStays(3);
    const frozen = await bodyOf(
      await http.send('POST', '/api/bulk', { command: 'pause', ids, start: false }),
    );
    let writes = 0;
    const { store } = http.backstep;
    const error = vi.fn<Logger['error']>();
    bulk = new BulkActions(
      {
        ...bulkHost(http.backstep),
        store: {
          tables: () => store.tables(),
          async write(statements) {
            writes += 1;
            // The first marks the start; the second one has the outcomes.
            return writes === 2 ? { kind: 'rejected', message: 'full' } : store.write(statements);
          },
        },
      },
      { logger: { ...silentLogger, error }, clock: atOnce },
    );
    await bulk.start(Number(frozen['id']));
    await bulk.idle();
    expect(error).toHaveBeenCalledTimes(1);
    expect(await get(`/api/bulk/${String(frozen['id'])}`)).toMatchObject({
      state: 'ended',
      taken: 3,
    });
    for (const id of ids) expect(await http.backstep.read.audit(id)).toHaveLength(1);
  });

  it('refuses what is no command over one list', async () => {
    for (const [body, status] of [
      [{ command: 'cancel' }, 422],
      [{ command: 'cancel', ids: [], filter: {} }, 422],
      [{ command: 'cancel', ids: [] }, 422],
      [{ command: 'fly', ids: ['a'] }, 422],
      [{ command: 'edit-context', ids: ['a'] }, 422],
      [{ command: 'cancel', filter: { staus: ['waiting'] } }, 400],
      [{ command: 'cancel', filter: { status: ['bogus'] } }, 422],
      [{ command: 'cancel', filter: { olderThan: 'long' } }, 422],
      [{ command: 'cancel', ids: 'a' }, 400],
    ] as const) {
      const response = await http.send('POST', '/api/bulk', body);
      expect([body, ...(await problemIn(response))]).toEqual([body, status, 'input-invalid']);
    }
    expect(await get('/api/bulk')).toMatchObject({ items: [] });
  });

  it('is 404 for an unknown number', async () => {
    for (const [method, path] of [
      ['GET', '/api/bulk/7'],
      ['GET', '/api/bulk/x'],
      ['GET', '/api/bulk/7/sagas'],
      ['POST', '/api/bulk/7/start'],
      ['POST', '/api/bulk/7/stop'],
    ] as const) {
      expect(await problemIn(await http.send(method, path))).toEqual([404, 'not-found']);
    }
    const query = await http.send('GET', '/api/bulk/7/sagas?outcome=x');
    expect(await problemIn(query)).toEqual([400, 'query-invalid']);
  });
});

/** A clock on which every wait is over at once. */
const atOnce: Clock = {
  nowMs: () => Date.now(),
  after: (_, run) => {
    queueMicrotask(run);
    return () => {};
  },
};

async function ordered(body: object): Promise<number> {
  const response = await http.send('POST', '/api/bulk', body);
  expect(response.status).toBe(202);
  const { id } = await bodyOf(response);
  expect(response.headers.get('location')).toBe(`/api/bulk/${String(id)}`);
  return Number(id);
}

/** The progress once it has ended. */
async function ended(id: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const progress = await get(`/api/bulk/${String(id)}`);
    if (progress['state'] === 'ended') return progress;
  }
}

async function get(path: string): Promise<Record<string, unknown>> {
  return bodyOf(await http.send('GET', path));
}

/** Starts stays and waits until all of them wait for an approval. */
async function waitingStays(count: number): Promise<readonly string[]> {
  const waiting = new Set<string>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = http.backstep.subscribe(({ sagaId, type, status }) => {
    if (type === 'stay' && status === 'waiting') waiting.add(sagaId);
    if (waiting.size === count) resolve();
  });
  const starts = Array.from({ length: count }, () =>
    http.backstep.spawn('stay', { input: { room: 'r1' } }),
  );
  const ids = (await Promise.all(starts)).map(({ id }) => id);
  await promise;
  stop();
  return ids;
}
