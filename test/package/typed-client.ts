/**
 * What the types of the client promise, read by the compiler alone: here, and in a foreign project
 * against the packed library. A line under `@ts-expect-error` must be refused.
 */
import { createClient, type NotSettled, type Settled } from '../../src/client.ts';
import { tripSaga } from './typed-api.ts';

/** Fails to compile unless both types are the same. */
function same<A, B>(..._same: [A, B] extends [B, A] ? [] : ['these types differ', A, B]): void {}

/** A handle knows its saga's input, events and outcome. */
export async function remotely(url: string, within: { within?: '1s' }): Promise<number | null> {
  const client = createClient({ url });
  const trip = await client.spawn(tripSaga, { input: { trip: 't-1' }, key: 't-1' });
  await trip.send({ type: 'approve', by: 'Ada', limit: '5' }, { eventId: 'e-1' });
  // @ts-expect-error the saga waits for no such event
  await trip.send({ type: 'aprove', by: 'Ada', limit: '5' });
  // @ts-expect-error a trip is a text
  await client.spawn(tripSaga, { input: { trip: 1 } });
  const certain = await trip.settled();
  same<Settled<number>, typeof certain>();
  // @ts-expect-error it waits as long as it takes, so it never comes out as running
  if (certain.status === 'running') return null;
  const perhaps = await trip.settled(within);
  same<Settled<number> | NotSettled, typeof perhaps>();
  const outcome = await client.saga(tripSaga, trip.id).settled({ within: '10s' });
  if (outcome.status === 'failed') return outcome.deadLetter.outstanding.length;
  return outcome.status === 'completed' ? outcome.output : null;
}

/** By name nothing is known, so everything is taken. */
export async function namedRemotely(url: string): Promise<unknown> {
  const client = createClient({ url, token: 'secret' });
  const saga = await client.spawn('trip', { input: 5 });
  await saga.send({ type: 'whatever' });
  for await (const { id, status } of client.sagas({ status: ['failed'] })) {
    same<string, typeof id>();
    same<'completed', Extract<typeof status, 'completed'>>();
  }
  const found = await client.saga(saga.id).state();
  return 'unreadable' in found ? found.unreadable : found.legalCommands;
}
