import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Started } from '../../../src/server/api/answers.ts';
import { removalStatements } from '../../../src/store/queries/removal.ts';
import {
  bodyOf,
  declined,
  openFixture,
  problemIn,
  type HttpFixture,
  isoTime,
  listWith,
} from '../http-fixture.ts';

const INPUT = { orderId: 'a', quantity: 1 };

let http: HttpFixture;
let stuck: HttpFixture;
beforeAll(async () => {
  http = await openFixture();
  stuck = await openFixture({ activities: { charge: declined, release: declined } });
});
afterAll(() => Promise.all([http.dispose(), stuck.dispose()]));

describe('POST /api/sagas/{type}', () => {
  it('starts a saga and says where to find it', async () => {
    const response = await http.send('POST', '/api/sagas/order?wait=5s', { input: INPUT });
    expect(response.status).toBe(200);
    const { id, type, status } = await bodyOf(response);
    expect([type, status]).toEqual(['order', 'completed']);
    expect(response.headers.get('location')).toBe(`/api/sagas/${String(id)}`);
  });

  it('takes the key from the body or the header, and refuses two that differ', async () => {
    const start = (key: string | undefined, header: string | undefined) =>
      http.app.request('/api/sagas/order', {
        method: 'POST',
        body: JSON.stringify({ input: INPUT, ...(key === undefined ? {} : { key }) }),
        headers: {
          'content-type': 'application/json',
          ...(header === undefined ? {} : { 'idempotency-key': header }),
        },
      });
    const first = await bodyOf(await start('k-1', undefined));
    expect((await bodyOf(await start(undefined, 'k-1')))['id']).toBe(first['id']);
    expect((await bodyOf(await start('k-1', 'k-1')))['id']).toBe(first['id']);
    expect(await problemIn(await start('k-1', 'k-2'))).toEqual([400, 'input-invalid']);
    expect((await start('k'.repeat(201), undefined)).status).toBe(422);
  });

  it('says of a saga that was removed since how it ended, with and without a wait', async () => {
    const start = async (path: string, body: unknown) => {
      const response = await stuck.send('POST', path, body);
      return { code: response.status, body: await bodyOf(response) };
    };
    const body = { input: { orderId: 'gone', quantity: 1 }, key: 'gone' };
    const { store } = stuck.backstep;
    const first = await start('/api/sagas/order?wait=5s', body);
    expect(first.body['status']).toBe('compensation_failed');
    const rows = store.reader().selectFrom('sagas').select('sid');
    const { sid } = await rows.where('id', '=', String(first.body['id'])).executeTakeFirstOrThrow();
    await store.write(removalStatements(store.tables(), [sid]));
    const answer = { ...first.body, isNew: false, isRemoved: true };
    expect(await start('/api/sagas/order?wait=5s', body)).toEqual({ code: 200, body: answer });
    expect(await start('/api/sagas/order', body)).toEqual({ code: 202, body: answer });
    expect(Started.parse(answer)).toEqual(answer);
  });

  it('is 404 for an unknown type and 400 without the input it needs', async () => {
    const unknown = await http.send('POST', '/api/sagas/nope', { input: INPUT });
    expect(await problemIn(unknown)).toEqual([404, 'not-found']);
    expect(await problemIn(await http.send('POST', '/api/sagas/order', {}))).toEqual([
      400,
      'input-invalid',
    ]);
  });
});

describe('GET /api/sagas/{id}', () => {
  it('shows where it stands, with secrets hidden', async () => {
    const input = { ...INPUT, orderId: 'view', cardNumber: '4111111111111111' };
    const { id } = await http.backstep.spawn('order', { input, key: 'view' });
    await http.backstep.saga(id).settled({ within: 5_000 });
    const response = await http.send('GET', `/api/sagas/${id}`);
    const text = await response.clone().text();
    expect(text).not.toContain('4111111111111111');
    expect(await bodyOf(response)).toMatchObject({
      id,
      key: 'view',
      type: 'order',
      version: 1,
      seq: 3,
      status: 'completed',
      state: 'completed',
      context: { input: { orderId: 'view', cardNumber: '[redacted]' } },
      steps: [
        { name: 'reserve', kind: 'compensatable', status: 'completed', attempts: 1, error: null },
        { name: 'charge', status: 'completed', compensation: null },
      ],
      failureReason: null,
      compensationOutcome: null,
      awaiting: { activities: [], timers: [], events: [] },
      legalCommands: [],
      startedAt: isoTime(),
      endedAt: isoTime(),
    });
  });

  it('tells what is outstanding when a compensation gave up', async () => {
    const id = await stuck.settledOrder('stuck');
    expect(await bodyOf(await stuck.send('GET', `/api/sagas/${id}`))).toMatchObject({
      status: 'compensation_failed',
      compensationOutcome: 'failed',
      failureReason: { code: 'declined' },
      legalCommands: listWith('retry', 'terminate'),
    });
    const { items } = await bodyOf(await stuck.send('GET', '/api/dead-letters'));
    expect(items).toContainEqual(
      expect.objectContaining({
        sagaId: id,
        status: 'compensation_failed',
        outstanding: listWith(),
        openedAt: isoTime(),
      }),
    );
  });

  it('gives the journal in order, page by page', async () => {
    const id = await http.settledOrder('journal');
    const first = await bodyOf(await http.send('GET', `/api/sagas/${id}/transitions?limit=2`));
    const path = `/api/sagas/${id}/transitions?cursor=${String(first['nextCursor'])}`;
    const second = await bodyOf(await http.send('GET', path));
    const entries = [first['items'], second['items']].flat();
    expect(entries).toMatchObject([
      { seq: 1, cause: 'start', from: null, to: 'forward.reserve.running', status: 'running' },
      { seq: 2, cause: 'result', from: 'forward.reserve.running' },
      { seq: 3, cause: 'result', to: 'completed', status: 'completed' },
    ]);
    expect(JSON.stringify(entries)).not.toContain('orderId');
  });

  it('is 404 for an unknown id on every route below it', async () => {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['GET', '/transitions', undefined],
      ['POST', '/events', { type: 'go' }],
      ['POST', '/commands', { command: 'cancel' }],
      ['POST', '/commands', { command: 'fly' }],
    ] as const) {
      const response = await http.send(method, `/api/sagas/nope${path}`, body);
      expect(await problemIn(response)).toEqual([404, 'not-found']);
    }
  });
});

describe('GET /api/sagas', () => {
  it('combines filters', async () => {
    const own = await openFixture({ activities: { charge: declined } });
    await own.settledOrder('f-1');
    const { id } = await own.backstep.spawn('order', { input: INPUT, key: 'findme' });
    await own.backstep.saga(id).settled({ within: 5_000 });
    const found = async (query: string) => {
      const { items } = await bodyOf(await own.send('GET', `/api/sagas?${query}`));
      return Array.isArray(items) ? items.length : -1;
    };
    expect(await found('type=order&status=compensated&status=running')).toBe(2);
    expect(await found('status=completed')).toBe(0);
    expect(await found('status=&status=completed')).toBe(0);
    expect(await found('status=')).toBe(2);
    expect(await found('q=findme')).toBe(1);
    expect(await found('q=declined&type=order')).toBe(2);
    expect(await found('attempts>=1')).toBe(2);
    expect(await found('attempts>=9')).toBe(0);
    expect(await found('olderThan=1h')).toBe(0);
    expect(await found('step=nope')).toBe(0);
    expect(await found('type=nope')).toBe(0);
    await own.dispose();
  });

  it.each([
    'status=bogus',
    'attempts>=x',
    'olderThan=yesterday',
    'limit=500',
    `q=${'x'.repeat(201)}`,
  ])('refuses %s with 400', async (query) => {
    const response = await http.send('GET', `/api/sagas?${query}`);
    expect(await problemIn(response)).toEqual([400, 'query-invalid']);
  });
});

describe('POST /api/sagas/{id}/commands and /events', () => {
  it('skips what failed for good, with data that the skipped one did not bring', async () => {
    const id = await stuck.settledOrder('skipped');
    const body = { command: 'skip', reason: 'done by hand', context: { results: { by: 'hand' } } };
    const response = await stuck.send('POST', `/api/sagas/${id}/commands`, body);
    expect(response.status).toBe(202);
    await stuck.backstep.saga(id).settled({ within: 5_000 });
    expect(await bodyOf(await stuck.send('GET', `/api/sagas/${id}`))).toMatchObject({
      context: { results: { by: 'hand' } },
      steps: expect.arrayContaining([
        expect.objectContaining({ status: 'skipped' }) as unknown,
      ]) as unknown,
    });
  });

  it('takes a legal command and answers 409 with the legal ones otherwise', async () => {
    const id = await stuck.settledOrder('commands');
    const command = (body: object) => stuck.send('POST', `/api/sagas/${id}/commands`, body);
    for (const name of ['cancel', 'compensate', 'fly']) {
      const response = await command({ command: name });
      expect(response.status).toBe(409);
      expect(await bodyOf(response)).toMatchObject({
        code: 'not-legal',
        legal: listWith('retry', 'terminate'),
      });
    }
    expect(await problemIn(await command({ command: 'retry', context: {} }))).toEqual([
      422,
      'input-invalid',
    ]);
    const elsewhere = await command({ command: 'retry', step: 'nowhere' });
    expect(await bodyOf(elsewhere)).toMatchObject({
      status: 409,
      detail: expect.stringContaining('retry of step "nowhere" is not possible') as unknown,
      legal: listWith('retry', 'terminate'),
    });
    const stale = await command({ command: 'terminate', expectedVersion: 1 });
    expect(await problemIn(stale)).toEqual([409, 'conflict']);
    const { seq } = await bodyOf(await stuck.send('GET', `/api/sagas/${id}`));
    const taken = await command({ command: 'terminate', reason: 'test', expectedVersion: seq });
    expect(taken.status).toBe(202);
    expect(await bodyOf(taken)).toMatchObject({ id, status: 'terminated' });
    const late = await command({ command: 'retry' });
    expect(await bodyOf(late)).toMatchObject({ status: 409, legal: [] });
    expect(await stuck.backstep.read.audit(id)).toMatchObject([
      { command: 'terminate', by: 'api', reason: 'test' },
    ]);
  });

  it('refuses an event that the machine does not take, reserved ones included', async () => {
    const id = await stuck.settledOrder('events');
    for (const type of ['go', 'xstate.done.actor.charge', 'backstep.retry']) {
      const response = await stuck.send('POST', `/api/sagas/${id}/events`, { type });
      expect(await problemIn(response)).toEqual([409, 'not-legal']);
    }
    expect((await stuck.send('POST', `/api/sagas/${id}/events`, {})).status).toBe(400);
  });
});
