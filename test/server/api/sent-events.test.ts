/** Who sent an event over HTTP, and why: told beside the commands. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bodyOf,
  type HttpFixture,
  isoTime,
  listWith,
  openFixture,
  problemIn,
} from '../http-fixture.ts';
import { registerStays } from './stay-saga.ts';

let http: HttpFixture;
beforeAll(async () => {
  http = await openFixture({ register: (backstep) => registerStays(backstep) });
});
afterAll(() => http.dispose());

describe('POST /api/sagas/{id}/events', () => {
  it('shows who sent what, when and why, beside the commands', async () => {
    const sent = [
      [{ type: 'approve' }, '', { by: 'api', reason: null }],
      [{ type: 'approve', by: 'kim', reason: 'fine' }, '', { by: 'kim', reason: 'fine' }],
      [{ type: 'approve', by: { id: 7 } }, '?by=ada&reason=paid', { by: 'ada', reason: 'paid' }],
    ] as const;
    for (const [event, query, author] of sent) {
      const id = await waitingStay();
      await http.send('POST', `/api/sagas/${id}/events${query}`, event);
      const line = { command: 'send approve', seq: 3, at: isoTime(), ...author };
      expect(await detail(id)).toMatchObject({ audit: [line] });
      const { items } = await bodyOf(await http.send('GET', `/api/sagas/${id}/transitions`));
      const told = { cause: 'event', by: author.by };
      expect(items).toEqual(listWith(expect.objectContaining(told)));
      // What stands in the body is the machine's too, whatever it is.
      const { data } = (await journalOf(id))[2] ?? { data: '' };
      expect(JSON.parse(data)).toMatchObject({ inbound: { event } });
    }
  });

  it('refuses a name in the query that is none', async () => {
    const id = await waitingStay();
    const path = `/api/sagas/${id}/events?by=${'x'.repeat(201)}`;
    const response = await http.send('POST', path, { type: 'approve' });
    expect(await problemIn(response)).toEqual([400, 'query-invalid']);
    expect(await detail(id)).toMatchObject({ status: 'waiting' });
  });
});

async function waitingStay(): Promise<string> {
  const { id } = await http.backstep.spawn('stay', { input: { room: 'r1' } });
  const waiting = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    if ((await http.backstep.saga(id).state())?.status === 'waiting') waiting.resolve();
  };
  const stop = http.backstep.subscribe(() => void look());
  await look();
  await waiting.promise;
  stop();
  return id;
}

async function journalOf(id: string) {
  return (await http.backstep.read.transitions(id, { limit: 50, cursor: null })).items;
}

async function detail(id: string): Promise<Record<string, unknown>> {
  return bodyOf(await http.send('GET', `/api/sagas/${id}`));
}
