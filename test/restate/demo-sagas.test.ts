/** The sagas in machines/, as they are, on Restate: what runs over a database runs there. */
import { expect, it } from 'vitest';
import { DEMO_SAGAS } from '../fixtures/demo-sagas.ts';
import { samplesOf } from '../../src/verify/values/examples.ts';
import { examplesFor } from '../../src/verify/values/learn.ts';
import { overRestate } from '../conformance/restate-host.ts';
import { Scene } from '../conformance/scene.ts';
import { describeOnRestate } from './rig.ts';

const PATIENCE_MS = 60_000;
/** What a person says to a saga that waits for one. */
const APPROVAL = 'approve';

/** Of sagas whose schema takes something else than it gives. */
const INPUTS: Readonly<Record<string, unknown>> = {
  order: {
    orderId: 'o-1',
    customerId: 'c-1',
    customerEmail: 'ada@example.com',
    productId: 'keyboard',
    quantity: 1,
    amount: '49.90',
    paymentMethod: 'paypal',
  },
  trip: { tripId: 't-1', traveller: 'ada', destination: 'Lisbon', nights: 3, amountMinor: 49_900 },
};

describeOnRestate('a saga of the demo on Restate', () => {
  const host = overRestate();

  it.skipIf(DEMO_SAGAS.length === 0).each(DEMO_SAGAS.map((saga) => [saga.id, saga] as const))(
    '%s completes, and its journal gives what is stored of it',
    async (_, saga) => {
      const scene = new Scene(await host.place());
      const fakes = DEMO_SAGAS.map((each) => scene.bind(each));
      await scene.deploy();
      const examples = examplesFor(saga, {});
      const started = await scene.start(saga.id, {
        input: INPUTS[saga.id] ?? examples.input,
      });
      const isHere = (state: { readonly status: string }): boolean => state.status !== 'running';
      const reached = await started.waitFor(isHere, { within: PATIENCE_MS });
      if (reached?.status === 'waiting') {
        const [approval] = samplesOf(examples, APPROVAL);
        await started.send(approval ?? { type: APPROVAL });
      }
      const outcome = await started.settled({ within: PATIENCE_MS });
      expect(outcome).toMatchObject({ status: 'completed' });
      expect(fakes.some(({ calls }) => calls.length > 0)).toBe(true);
      const { findings } = await scene.end();
      expect(findings).toEqual([]);
    },
    PATIENCE_MS,
  );
});
