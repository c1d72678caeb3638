/** Subscribers that hang hold up their own messages, and nothing that sagas tell each other. */
import { expect, onTestFinished, test } from 'vitest';
import { EngineHarness } from '../engine-harness.ts';
import { accountSaga, type CustomerActivities, customerSaga } from './family-sagas.ts';
import { recordedActivities, tripSaga } from '../trip-saga.ts';

/** More than are called at once. */
const TRIPS = 70;

test('a subscriber that hangs for many sagas does not keep a parent from its child', async () => {
  const engine = new EngineHarness<CustomerActivities>(customerSaga);
  onTestFinished(() => engine.dispose());
  const full = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  let called = 0;
  const hang = (): Promise<void> => {
    called += 1;
    if (called === 64) full.resolve();
    return end.promise;
  };
  const family = { open: () => ({ iban: 'AT1' }), close: () => null };
  const all = { ...family, welcome: () => null, remove: () => null };
  const backstep = await engine.open(all, {
    also: (opened) => {
      opened.register(accountSaga, { activities: all });
      opened.register(tripSaga, {
        activities: recordedActivities().activities,
        subscribers: { 'trip.completed': hang },
      });
    },
  });
  for (let trip = 0; trip < TRIPS; trip++) {
    await backstep.spawn('trip', { input: { trip: `t${trip}` } });
  }
  await full.promise;

  const { id } = await backstep.spawn('customer', { input: { name: 'Ada' } });
  await engine.seen(({ sagaId, to }) => sagaId === `${id}.account.1` && to === 'checking');
  await backstep.saga(id).send({ type: 'hurry' });
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ heard: 2 });
  end.resolve();
});
