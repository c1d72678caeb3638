/** What the page of a saga says of what a person ordered there, and offers once only. */
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import type { SagaState } from '../../../src/core/state.ts';
import { tookTime } from '../../../src/server/dashboard/frame/html.ts';
import { sagaStanding } from '../../../src/server/dashboard/saga/saga-view.ts';
import { REFUSED, SagaDriver } from '../../core/turn/saga-driver.ts';
import { declined, type HttpFixture, openFixture } from '../http-fixture.ts';
import { registerStays } from '../api/stay-saga.ts';

type Calls = Record<'book' | 'tell', (input: null) => string>;
const once = { retry: exponential({ first: '1s', attempts: 1 }), input: () => null };
const forwardSaga = defineSaga({ id: 'call', input: z.null(), activities: {} as Calls })
  .step('book', { kind: 'pivot', ...once })
  .step('tell', { kind: 'retriable', ...once })
  .build();

let http: HttpFixture;

describe('what a person ordered on the page of a saga', () => {
  afterEach(() => http.dispose());

  it('is confirmed and kept in the words of its button', async () => {
    http = await openFixture({ activities: { charge: declined, release: declined } });
    const id = await http.settledOrder('o-1');
    const answer = await post(`/sagas/${id}/commands/accept-partial`, '');
    expect(answer).toContain(
      'Accept as it is was taken. The status of the saga: compensation failed.',
    );
    const page = await pageAt(`/sagas/${id}`);
    expect(page).toContain('page Accept as it is');
    expect(page).toMatch(/Turn \d+ at [\d:.]+: Accept as it is led from/);
    expect(page).not.toContain('accept-partial');
    expect(page).toContain('The saga has ended: compensation failed.');
    expect(page).not.toContain('compensation_failed');
  });

  it('is said to be kept when it is an event that a paused saga cannot take yet', async () => {
    http = await openFixture({ register: (backstep) => registerStays(backstep) });
    const { id } = await http.backstep.spawn('stay', { input: { room: 'r1' } });
    await untilWaiting(id);
    await http.backstep.saga(id).command({ name: 'pause' });
    const kept = await post(`/sagas/${id}/events/approve`, '');
    expect(kept).toContain('approve is kept until the saga is resumed: it is paused.');
    expect(await pageAt(`/sagas/${id}`)).toContain('Takes the event once it goes on approve');
    await http.backstep.saga(id).command({ name: 'resume' });
    await http.backstep.saga(id).settled({ within: 5_000 });
  });

  it('is offered once where cancelling and compensating are the same', async () => {
    http = await openFixture({ register: (backstep) => registerStays(backstep) });
    const { id } = await http.backstep.spawn('stay', { input: { room: 'r1' } });
    await untilWaiting(id);
    const page = await pageAt(`/sagas/${id}`);
    expect(page).toContain('Cancel stay');
    expect(page).not.toContain('Turn stay');
    expect(page).not.toContain('Compensate now');
  });
});

describe('why a saga failed past its pivot', () => {
  it.each(['failed', 'terminated'] as const)('is no turning back: %s', async (status) => {
    const saga = new SagaDriver(forwardSaga, null);
    saga.done('book');
    saga.fail('tell', REFUSED);
    if (status === 'terminated') saga.command('terminate');
    const words = textOf(await sagaStanding(saga.state, forwardSaga));
    expect(saga.state.status).toBe(status);
    expect(words).toContain('Why it failed: refused the remote was refused');
    expect(words).not.toContain('turned back');
  });
});

describe('how long something took', () => {
  it('counts whole units only, as the time since it began does', () => {
    const took = [59_990, 479_000, 7_199_000].map(tookTime);
    expect(took).toEqual(['59.9 s', '7 min', '1 h']);
  });
});

async function untilWaiting(id: string): Promise<void> {
  const arrived = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    const state: SagaState | null = await http.backstep.saga(id).state();
    if (state?.status === 'waiting') arrived.resolve();
  };
  const stop = http.backstep.subscribe(() => void look());
  await look();
  await arrived.promise;
  stop();
}

async function post(path: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'hx-request': 'true' };
  const response = await http.app.request(path, { method: 'POST', body, headers });
  expect(response.status).toBe(200);
  return textOf(await response.text());
}

async function pageAt(path: string): Promise<string> {
  const response = await http.app.request(path, { headers: { accept: 'text/html' } });
  return textOf(await response.text());
}

/** What a person reads. */
function textOf(page: string): string {
  return page
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ([.,:?])/g, '$1');
}
