/** What the page of a saga says of timers and ways out where nothing of it moves any more. */
import { afterEach, describe, expect, it } from 'vitest';
import type { SagaState } from '../../../src/core/state.ts';
import { type HttpFixture, openFixture } from '../http-fixture.ts';
import { registerStays } from '../api/stay-saga.ts';

let http: HttpFixture;
afterEach(() => http.dispose());

describe('the page of a saga', () => {
  it('measures the timers of a past turn against that turn', async () => {
    const id = await waitingStay();
    const { seq } = await stateOf(id);
    const { items } = await http.backstep.read.transitions(id, { limit: 100, cursor: null });
    const atMs = items.find(({ sagaSeq }) => sagaSeq === seq)?.atMs ?? 0;
    const page = await pageAt(`/sagas/${id}?seq=${seq}`);
    expect(page).toContain(`data-as-of="${new Date(atMs).toISOString()}"`);
    expect(await pageAt(`/sagas/${id}`)).not.toContain('data-as-of');
  });

  it('counts down the wait of a saga that moves, and not that of one that is paused', async () => {
    const id = await waitingStay();
    expect(await pageAt(`/sagas/${id}`)).toMatch(/data-manner="ends"[^>]*>ends at \d\d:\d\d:\d\d</);
    await http.backstep.saga(id).command({ name: 'pause' });
    const paused = await pageAt(`/sagas/${id}`);
    expect(paused).toMatch(/its time <time class="due" data-manner="still"[^>]*>ends at/);
    expect(paused.match(/class="due"/g)).toHaveLength(1);
  });

  it('offers no way out of a saga that was terminated, and no event to send', async () => {
    const id = await waitingStay();
    const before = await pageAt(`/sagas/${id}`);
    expect(before).toContain('Every way out of here');
    expect(before).toContain('Send approve');
    await http.backstep.saga(id).command({ name: 'terminate' });
    const page = await pageAt(`/sagas/${id}`);
    expect(page).toContain('Nothing happens by itself, and it waits for no event.');
    expect(page).not.toContain('Every way out of here');
    expect(page).not.toContain('Send approve');
    expect(page).not.toMatch(/is-waiting/);
  });
});

async function waitingStay(): Promise<string> {
  http = await openFixture({ register: (backstep) => registerStays(backstep) });
  const { id } = await http.backstep.spawn('stay', { input: { room: 'r1' } });
  const arrived = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    if ((await stateOf(id)).status === 'waiting') arrived.resolve();
  };
  const stop = http.backstep.subscribe(() => void look());
  await look();
  await arrived.promise;
  stop();
  return id;
}

async function stateOf(id: string): Promise<SagaState> {
  const state = await http.backstep.saga(id).state();
  if (state === null) throw new Error(`there is no saga ${id}`);
  return state;
}

async function pageAt(path: string): Promise<string> {
  const response = await http.app.request(path, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(200);
  return response.text();
}
