/** The client against a server in this process, each request and answer held against its document. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackstepClient, ClientError, createClient } from '../../src/client.ts';
import { registerStays } from '../server/api/stay-saga.ts';
import { declined, type HttpFixture, openFixture } from '../server/http-fixture.ts';
import { collected } from './collected.ts';
import { type WatchedFetch, watchedFetch } from './watched-fetch.ts';

/** What the client does not reach, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'GET /api/definitions/{type}/machine': 'part of the answer of a definition',
  'GET /api/definitions/{type}/mermaid': 'a drawing, for whoever draws',
  'GET /api/definitions/{type}/ways/{number}': 'a picture, for a browser',
  'GET /api/definitions/{type}/stately': "a text for Stately's editor",
  'GET /metrics': 'text for Prometheus; the figures are in those of stats',
  'GET /api/openapi.json': 'for programs that know no client',
  'GET /ws/transitions': 'the same feed; over a WebSocket a browser can send no token',
  'GET /inspect': 'the protocol of another program',
  'GET /inspect/v4': 'the protocol of another program',
};

let http: HttpFixture;
let watched: WatchedFetch;
let client: BackstepClient;
beforeAll(async () => {
  http = await openFixture({
    activities: { charge: declined, release: declined },
    register: (backstep) => registerStays(backstep),
    alerts: { rules: [], targets: { desk: () => {} }, gather: 0 },
  });
  watched = await watchedFetch(http);
  client = createClient({ url: 'http://localhost', fetch: watched.fetch });
});
afterAll(() => http.dispose());

describe('a saga', () => {
  it('is started, and settles as its outcome says', async () => {
    const order = await client.spawn('order', {
      input: { orderId: 'o-1', quantity: 1 },
      key: 'o-1',
    });
    expect(order).toMatchObject({ isNew: true, isRemoved: false });
    expect(await order.settled({ within: '10s' })).toMatchObject({
      status: 'compensation_failed',
      failure: { code: 'declined' },
      deadLetter: { outstanding: ['reserve'], done: ['reserve'] },
      resolution: null,
    });
    const again = await client.spawn('order', {
      input: { orderId: 'o-1', quantity: 1 },
      key: 'o-1',
    });
    expect(again).toMatchObject({ id: order.id, isNew: false, status: 'compensation_failed' });
  });

  it('says why it stands where it stands', async () => {
    const id = await http.settledOrder('o-why');
    expect(await client.saga(id).why()).toMatchObject({
      next: 'release gave up after one attempt. A person decides.',
      failure: { code: 'declined' },
      lastError: { step: 'reserve', activity: 'release', error: { code: 'declined' } },
      lastTurn: { to: expect.stringContaining('') as unknown },
      outstanding: ['reserve'],
      waitsFor: [],
      may: [
        { command: 'retry', does: null },
        { command: 'skip', does: expect.stringContaining('Give up release') as unknown },
        { command: 'accept-partial', does: expect.stringContaining('reserve') as unknown },
        { command: 'edit-context', does: null },
        { command: 'terminate', does: expect.stringContaining('reserve') as unknown },
      ],
    });
  });

  it('takes events and commands, waits, and has a history', async () => {
    const stay = await client.spawn('stay', { input: { room: 'r' } });
    const waiting = await stay.waitFor(({ status }) => status === 'waiting', { within: '10s' });
    expect(waiting).toMatchObject({ status: 'waiting', outcome: null });
    const { waitsFor, next } = await stay.why();
    expect(next).toMatch(/^Next: it waits for approve or reject or vote; approval at \d{4}-/);
    expect(waitsFor.map(({ kind, name }) => [kind, name])).toEqual([
      ['timer', 'approval'],
      ['event', 'approve'],
      ['event', 'reject'],
      ['event', 'vote'],
    ]);
    await stay.command({ name: 'pause', by: 'ada' }, { expectedVersion: waiting?.seq ?? 0 });
    expect(await stay.settled({ within: 0 })).toEqual({ status: 'paused' });
    await stay.command({ name: 'resume' });
    await stay.send({ type: 'approve' }, { by: 'ada', reason: 'asked' });
    expect(await stay.settled({ within: '10s' })).toMatchObject({ status: 'completed' });
    const causes = await collected(stay.history(), ({ event }) => event);
    expect(causes.length).toBeGreaterThan(3);
    const { items, nextCursor } = await stay.history().page({ limit: 2 });
    expect(items).toHaveLength(2);
    const second = await stay.history().page({ limit: 200, cursor: nextCursor });
    expect([...items, ...second.items].map(({ event }) => event)).toEqual(causes);
  });

  it('is refused with what is legal, what is wrong, and where', async () => {
    const id = await http.settledOrder('o-legal');
    const refusal = (promise: Promise<unknown>) =>
      promise.then(
        () => null,
        (error: unknown) => error,
      );
    const illegal = await refusal(client.saga(id).command({ name: 'pause' }));
    expect(illegal).toBeInstanceOf(ClientError);
    expect(illegal).toMatchObject({ code: 'not-legal', status: 409 });
    expect((illegal as ClientError).legal).toContain('retry');
    expect(
      await refusal(client.spawn('order', { input: { orderId: 'x', quantity: 0 } })),
    ).toMatchObject({
      code: 'input-invalid',
      status: 422,
      issues: [{ path: 'quantity' }],
    });
    expect(await refusal(client.saga('nope').state())).toMatchObject({
      code: 'not-found',
      status: 404,
    });
    expect(await refusal(client.saga(id).send({ type: 'go', id: 'e' }))).toMatchObject({
      code: 'input-invalid',
      status: null,
    });
  });
});

describe('a server', () => {
  it('lists with every filter', async () => {
    const ids = [];
    for (const name of ['l-1', 'l-2', 'l-3']) ids.push(await http.settledOrder(name));
    const filter = {
      type: 'order',
      status: ['compensation_failed', 'failed'] as const,
      step: 'reserve',
      attempts: 1,
      q: 'declined',
    };
    const found = await collected(client.sagas(filter), ({ id }) => id);
    expect(found).toEqual(expect.arrayContaining(ids));
    const none = await collected(client.sagas({ ...filter, olderThan: '1h' }), ({ id }) => id);
    expect(none).toEqual([]);
    const letters = await collected(client.deadLetters(), ({ sagaId }) => sagaId);
    expect(letters).toEqual(expect.arrayContaining(ids));
  });

  it('takes one command for many sagas', async () => {
    const stays = [];
    for (const room of ['a', 'b']) stays.push(await client.spawn('stay', { input: { room } }));
    for (const stay of stays) await stay.waitFor(({ status }) => status === 'waiting');
    const ids = stays.map(({ id }) => id);
    const frozen = await client.bulk.freeze({ command: 'cancel', ids, by: 'ada', reason: 'over' });
    expect(frozen).toMatchObject({ state: 'frozen', total: 2, pending: 2 });
    await client.bulk.start(frozen.id);
    for (const stay of stays) {
      expect(await stay.settled({ within: '10s' })).toMatchObject({ status: 'compensated' });
    }
    const outcomes = await collected(client.bulk.sagas(frozen.id), ({ outcome }) => outcome);
    expect(outcomes).toEqual(['taken', 'taken']);
    expect((await client.bulk.find(frozen.id)).taken).toBe(2);
    expect(await client.bulk.stop(frozen.id)).toMatchObject({ state: 'ended', pending: 0 });
    expect((await client.bulk.list().page()).items[0]).toMatchObject({ id: frozen.id });
    const byFilter = await client.bulk.freeze({ command: 'retry', filter: { type: 'stay' } });
    expect(byFilter).toMatchObject({ filter: { type: 'stay' } });
  });

  it('tells of itself', async () => {
    expect((await client.stats()).sagas.total).toBeGreaterThan(0);
    expect(await client.health()).toEqual({ status: 'ready' });
    expect(await client.capabilities()).toMatchObject({ host: 'embedded-sqlite' });
    expect(await client.live()).toMatchObject({ status: 'live', engine: 'ready' });
    expect(await client.inbox({ limit: 5 })).toMatchObject({ waiting: 0, items: [] });
    expect(await client.retention()).toEqual({ kind: 'off' });
    expect(await client.resumeRetention()).toEqual({ kind: 'off' });
    expect((await client.definitions()).map(({ type }) => type)).toContain('stay');
    expect(await client.definition('stay', { version: 1 })).toMatchObject({ type: 'stay' });
  });

  it('tells of the host, which makes no calls where one process runs all sagas', async () => {
    expect(await client.calls()).toMatchObject({ isOneProcess: true, troubles: [] });
    expect((await client.versions()).map(({ type }) => type)).toContain('stay');
    const { id } = await client.spawn('stay', { input: { room: 'c' } });
    await expect(client.nudge(id)).rejects.toMatchObject({ code: 'not-legal' });
    await expect(client.resync({ dryRun: true })).rejects.toMatchObject({ code: 'not-legal' });
    await expect(client.resynced()).rejects.toMatchObject({ code: 'not-legal' });
  });

  it('tells of alerts, and sends a trial', async () => {
    const { id } = await client.alerts.trial('desk');
    expect((await client.alerts.deliveries().page()).items).toMatchObject([{ id, target: 'desk' }]);
    expect(await client.alerts.overview()).toMatchObject({
      rules: [],
      targets: [{ name: 'desk' }],
    });
    expect((await client.alerts.incidents({ open: true }).page()).items).toEqual([]);
    await expect(client.alerts.trial('nobody')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is followed from now on and from a cursor', async () => {
    const over = new AbortController();
    const heard: string[] = [];
    const beginning = client.follow({ since: '0', type: 'order', signal: over.signal });
    for await (const message of beginning) {
      if (message.kind === 'resync') continue;
      heard.push(message.cursor);
      if (heard.length === 5) break;
    }
    for await (const message of client.follow({ since: heard[2] ?? '', type: 'order' })) {
      expect(message.cursor).toBe(heard[3]);
      break;
    }
  });
});

it('reaches every operation of the document, or says why not', () => {
  const missing = watched.operations.filter((operation) => !watched.seen.has(operation));
  expect(missing.toSorted()).toEqual(Object.keys(LEFT_OUT).toSorted());
});

describe('is not made', () => {
  it.each([
    [{ url: 'localhost:3000' }, 'is not the URL of a server'],
    [{ url: 'nonsense' }, 'is not the URL of a server'],
    [{ url: 'http://ada:secret@host' }, 'a URL with a name or password is not taken'],
    [{ url: 'http://host', token: 'one\ntwo' }, 'no header can carry'],
  ])('with %o', (options, says) => {
    expect(() => createClient(options)).toThrow(says);
    expect(() => createClient(options)).not.toThrow(/secret/);
  });
});
