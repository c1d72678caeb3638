import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SagaStatus } from '../../../src/core/status.ts';
import { bodyOf, type HttpFixture, isoTime, openFixture, problemIn } from '../http-fixture.ts';
import { refuse, registerStays } from './stay-saga.ts';

let http: HttpFixture;
let stuck: HttpFixture;
beforeAll(async () => {
  http = await openFixture({ register: (backstep) => registerStays(backstep) });
  stuck = await openFixture({
    register: (backstep) => registerStays(backstep, { cancelRoom: refuse }),
  });
});
afterAll(() => Promise.all([http.dispose(), stuck.dispose()]));

describe('POST /api/sagas/{id}/commands', () => {
  it('pauses, edits and resumes a saga, and shows who ordered what, when and why', async () => {
    const id = await waitingStay(http);
    await taken(http, id, { command: 'pause', by: 'kim', reason: 'audit' }, 'paused');
    const change = { command: 'edit-context', context: { room: 'r9' }, by: 'kim' };
    await taken(http, id, change, 'paused');
    await taken(http, id, { command: 'resume' }, 'waiting');
    expect(await detail(http, id)).toMatchObject({
      status: 'waiting',
      context: { room: 'r9' },
      audit: [
        { command: 'pause', by: 'kim', reason: 'audit', seq: 3, at: isoTime() },
        { command: 'edit-context', by: 'kim', reason: null },
        { command: 'resume', by: 'api', reason: null },
      ],
    });
  });

  it.each([
    ['cancel', 'compensated'],
    ['compensate', 'compensated'],
    ['terminate', 'terminated'],
  ] as const)('takes %s of a saga that waits', async (command, status) => {
    const id = await waitingStay(http);
    expect((await order(http, id, { command, reason: 'changed plans' })).status).toBe(202);
    expect((await http.backstep.saga(id).settled({ within: 5_000 })).status).toBe(status);
    const { steps, failureReason, compensationOutcome } = await detail(http, id);
    const isUndone = status === 'compensated';
    expect(compensationOutcome).toBe(isUndone ? 'complete' : null);
    expect(failureReason).toMatchObject(isUndone ? { message: 'changed plans' } : {});
    // What never started is not pending in a saga that has ended.
    expect(steps).toMatchObject([
      { name: 'bookRoom', status: isUndone ? 'compensated' : 'completed' },
      { name: 'payRoom', status: 'skipped', attempts: 0, startedAt: null, skip: null },
    ]);
  });

  it.each(['skip', 'accept-partial'])(
    'takes %s where a compensation gave up, and never calls that compensated',
    async (command) => {
      const id = await stuckStay();
      expect(await detail(stuck, id)).toMatchObject({
        status: 'compensation_failed',
        compensationOutcome: 'failed',
        failureReason: { code: 'reject', message: 'too dear' },
        resolution: null,
        endedAt: null,
      });
      await taken(stuck, id, { command, by: 'kim', reason: 'paid by us' }, 'compensation_failed');
      expect(await detail(stuck, id)).toMatchObject({
        status: 'compensation_failed',
        compensationOutcome: 'partial',
        failureReason: { code: 'reject' },
        resolution: { by: 'kim', reason: 'paid by us', at: isoTime() },
        endedAt: isoTime(),
        steps: [{ status: 'skipped', skip: { by: 'kim', reason: 'paid by us' } }, {}],
        legalCommands: [],
      });
    },
  );

  it('retries the step that is named with a changed context, or says where the saga is', async () => {
    const id = await stuckStay();
    const elsewhere = await order(stuck, id, { command: 'retry', step: 'payRoom' });
    expect(await bodyOf(elsewhere)).toMatchObject({
      status: 409,
      code: 'not-legal',
      detail: 'retry of step "payRoom" is not possible: the saga is at step bookRoom',
    });
    const retry = { command: 'retry', step: 'cancelRoom', context: { room: 'r2' } };
    await taken(stuck, id, retry, 'compensating');
    await stuck.backstep.saga(id).settled({ within: 5_000 });
    expect(await detail(stuck, id)).toMatchObject({ context: { room: 'r2' } });
  });

  it('says of every command whether it is legal, and if not why', async () => {
    const id = await waitingStay(http);
    const { commands, legalCommands } = await detail(http, id);
    expect(commands).toEqual([
      { command: 'retry', isLegal: false, reason: 'Nothing waits to be tried again.' },
      {
        command: 'skip',
        isLegal: false,
        reason: 'No step and no compensation has been given up.',
      },
      {
        command: 'accept-partial',
        isLegal: false,
        reason: 'No compensation that is owed has been given up.',
      },
      { command: 'compensate', isLegal: true, reason: null },
      { command: 'edit-context', isLegal: true, reason: null },
      { command: 'resume', isLegal: false, reason: 'It is not paused.' },
      { command: 'pause', isLegal: true, reason: null },
      { command: 'cancel', isLegal: true, reason: null },
      { command: 'terminate', isLegal: true, reason: null },
    ]);
    const refused = await order(http, id, { command: 'resume' });
    expect(await bodyOf(refused)).toMatchObject({ status: 409, legal: legalCommands });
  });

  it('is refused for a version that is past, and changes nothing', async () => {
    const id = await waitingStay(http);
    const { seq } = await detail(http, id);
    const pause = { command: 'pause', expectedVersion: 1 };
    expect(await problemIn(await order(http, id, pause))).toEqual([409, 'conflict']);
    expect(await detail(http, id)).toMatchObject({ seq, audit: [] });
    await taken(http, id, { ...pause, expectedVersion: seq }, 'paused');
  });

  it.each([
    [{ command: 'cancel', step: 'bookRoom' }, 422],
    [{ command: 'cancel', context: { room: 'x' } }, 422],
    [{ command: 'edit-context' }, 422],
    [{ command: 'edit-context', context: { nope: 1 } }, 422],
    [{ command: 'edit-context', context: [] }, 400],
    [{ command: 'cancel', expectedVerson: 1 }, 400],
    [{ command: 'cancel', reason: 'x'.repeat(501) }, 422],
    [{ command: 'cancel', by: 7 }, 400],
    [{}, 400],
  ])('refuses %j with %i', async (body, status) => {
    const id = await waitingStay(http);
    expect(await problemIn(await order(http, id, body))).toEqual([status, 'input-invalid']);
    expect(await detail(http, id)).toMatchObject({ status: 'waiting', audit: [] });
  });
});

describe('POST /api/sagas/{id}/events', () => {
  it('approves', async () => {
    const id = await waitingStay(http);
    expect(await detail(http, id)).toMatchObject({
      awaiting: {
        events: ['approve', 'reject', 'vote'],
        timers: [{ dueAt: isoTime() }],
        earlyEvents: [],
      },
    });
    const response = await http.send('POST', `/api/sagas/${id}/events`, { type: 'approve' });
    expect(response.status).toBe(202);
    expect(await bodyOf(response)).toMatchObject({ id, status: 'running', isKept: false });
    expect((await http.backstep.saga(id).settled({ within: 5_000 })).status).toBe('completed');
  });

  it('takes an id once; the second time is a note', async () => {
    const id = await waitingStay(http);
    const reject = { type: 'reject', id: 'e-1', reason: 'too dear' };
    for (let times = 0; times < 2; times += 1) {
      const response = await http.send('POST', `/api/sagas/${id}/events`, reject);
      expect(await bodyOf(response)).toMatchObject({ eventId: 'e-1' });
    }
    expect((await http.backstep.saga(id).settled({ within: 5_000 })).status).toBe('compensated');
    const { notes } = await detail(http, id);
    expect(notes).toMatchObject([
      { event: 'reject', note: 'duplicate event: this id was taken before', at: isoTime() },
    ]);
  });

  it('keeps an event that comes early, and shows it until the saga takes it', async () => {
    const gate = Promise.withResolvers<void>();
    const early = await openFixture({
      register: (backstep) =>
        registerStays(backstep, {
          bookRoom: async () => {
            await gate.promise;
            return { code: 'c' };
          },
        }),
    });
    const { id } = await early.backstep.spawn('stay', { input: { room: 'r1' } });
    const approve = { type: 'approve', id: 'e-1' };
    const response = await early.send('POST', `/api/sagas/${id}/events`, approve);
    expect(await bodyOf(response)).toMatchObject({ isKept: true, status: 'running' });
    expect(await detail(early, id)).toMatchObject({
      awaiting: { earlyEvents: [{ id: 'e-1', type: 'approve' }] },
    });
    gate.resolve();
    expect((await early.backstep.saga(id).settled({ within: 5_000 })).status).toBe('completed');
    await early.dispose();
  });

  it('is 409 for one that is misspelt or too late, with what is legal and what would be kept', async () => {
    const gate = Promise.withResolvers<void>();
    const booking = await openFixture({
      register: (backstep) =>
        registerStays(backstep, {
          bookRoom: () => gate.promise.then(() => ({ code: 'c' })),
          payRoom: () => new Promise<never>(() => {}),
        }),
    });
    const { id } = await booking.backstep.spawn('stay', { input: { room: 'r1' } });
    const path = `/api/sagas/${id}/events`;
    const early = await booking.send('POST', path, { type: 'aprove' });
    expect(await bodyOf(early)).toMatchObject({
      code: 'not-legal',
      status: 409,
      detail: `saga ${id} knows no event "aprove" (did you mean "approve"?); legal now: nothing; kept for later: approve`,
      legal: [],
      kept: ['approve'],
    });
    gate.resolve();
    await until(booking, (entry) => entry.sagaId === id && entry.status === 'waiting');
    await booking.send('POST', path, { type: 'approve' });
    const late = await bodyOf(await booking.send('POST', path, { type: 'approve' }));
    expect(late).toMatchObject({
      status: 409,
      detail: `saga ${id} takes no event "approve" any more: nothing waits for it from "paying" on; legal now: nothing`,
      legal: [],
    });
    expect(late).not.toHaveProperty('kept');
    await booking.dispose();
  });

  it('is 422 for an event on which the machine throws, and nothing changes', async () => {
    const id = await waitingStay(http);
    const { seq } = await detail(http, id);
    const response = await http.send('POST', `/api/sagas/${id}/events`, { type: 'vote' });
    expect(await problemIn(response)).toEqual([422, 'event-failed']);
    expect(await detail(http, id)).toMatchObject({ status: 'waiting', seq });
    expect(http.log.at(-1)?.[1]).toBe('a machine failed on an event');
  });
});

describe('a saga and its child', () => {
  it('name each other', async () => {
    const { id } = await http.backstep.spawn('trip', { input: { room: 'r1' } });
    const childId = `${id}.stay.1`;
    await until(http, (entry) => entry.sagaId === childId && entry.status === 'waiting');
    expect(await detail(http, id)).toMatchObject({
      parent: null,
      children: [{ id: childId, step: 'stay', type: 'stay', status: 'waiting' }],
    });
    expect(await detail(http, childId)).toMatchObject({
      parent: { id, step: 'stay' },
      children: [],
    });
  });
});

async function waitingStay(fixture: HttpFixture): Promise<string> {
  const { id } = await fixture.backstep.spawn('stay', { input: { room: 'r1' } });
  await until(fixture, (entry) => entry.sagaId === id && entry.status === 'waiting');
  return id;
}

async function stuckStay(): Promise<string> {
  const id = await waitingStay(stuck);
  await stuck.send('POST', `/api/sagas/${id}/events`, { type: 'reject', reason: 'too dear' });
  await stuck.backstep.saga(id).settled({ within: 5_000 });
  return id;
}

/** Resolves once a committed line passes, past ones included. */
async function until(
  { backstep }: HttpFixture,
  isIt: (entry: { readonly sagaId: string; readonly status: SagaStatus }) => boolean,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = backstep.subscribe((entry) => isIt(entry) && resolve());
  if ((await backstep.read.feedAfter(0, 1_000, {})).some(isIt)) resolve();
  await promise;
  stop();
}

const order = (fixture: HttpFixture, id: string, body: object): Promise<Response> =>
  fixture.send('POST', `/api/sagas/${id}/commands`, body);

async function taken(
  fixture: HttpFixture,
  id: string,
  body: object,
  status: SagaStatus,
): Promise<void> {
  const response = await order(fixture, id, body);
  expect(await bodyOf(response)).toMatchObject({ id, status });
  expect(response.status).toBe(202);
}

async function detail(fixture: HttpFixture, id: string): Promise<Record<string, unknown>> {
  return bodyOf(await fixture.send('GET', `/api/sagas/${id}`));
}
