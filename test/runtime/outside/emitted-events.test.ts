/** What a machine emits reaches its subscribers at least once, in order per saga, over any crash. */
import { expect, test } from 'vitest';
import { emit, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { isEnded } from '../../../src/core/status.ts';
import type { Backstep, Subscriber } from '../../../src/host/backstep.ts';
import { crashEverywhere } from '../crash-everywhere.ts';

type Activities = { pack: (input: null) => null; ship: (input: null) => null };

const machine = setup({
  actors: { pack: activity<null, null>(), ship: activity<null, null>() },
}).createMachine({
  id: 'parcel',
  initial: 'packing',
  states: {
    packing: {
      entry: emit({ type: 'parcel.ordered' }),
      exit: emit({ type: 'parcel.packed' }),
      invoke: { id: 'pack', src: 'pack', input: null, onDone: 'shipping' },
    },
    shipping: {
      entry: emit({ type: 'parcel.leaves' }),
      invoke: { id: 'ship', src: 'ship', input: null, onDone: 'delivered' },
    },
    delivered: { type: 'final', entry: emit({ type: 'parcel.delivered' }) },
  },
});

const parcelSaga = durable<Activities>(machine);
const TYPES = ['parcel.ordered', 'parcel.packed', 'parcel.leaves', 'parcel.delivered'];

/** Every delivery that reached a subscriber, over all processes of a life. */
function subscribed(refusals: number) {
  const heard: { readonly type: string; readonly key: string }[] = [];
  let refused = 0;
  const hear: Subscriber = ({ type }, { key }) => {
    heard.push({ type, key });
    if (type === 'parcel.packed' && refused++ < refusals) throw new Error('not now');
  };
  const subscribers = Object.fromEntries(TYPES.map((type) => [type, hear]));
  const register = (backstep: Backstep): void =>
    backstep.register(parcelSaga, {
      activities: { pack: () => null, ship: () => null },
      subscribers,
    });
  return { heard, register };
}

test.each([0, 2])(
  'a crash at every commit loses none and keeps their order, with %i refusals',
  async (refusals) => {
    let life = subscribed(refusals);
    const crashes = await crashEverywhere(
      {
        begin: () => {
          life = subscribed(refusals);
        },
        register: (backstep) => life.register(backstep),
        live: async (backstep, pass) => {
          const { id } = await backstep.spawn('parcel', { input: null, key: 'p' });
          await pass(async () => {
            const state = await backstep.saga(id).state();
            const isHeard = life.heard.some(({ type }) => type === 'parcel.delivered');
            return state !== null && isEnded(state.status) && isHeard;
          });
        },
        check: async () => {
          // In order of the first and of the last delivery; a repeated one has the same key.
          const types = life.heard.map(({ type }) => type);
          expect([...new Set(types)]).toEqual(TYPES);
          expect([...new Set(types.toReversed())].toReversed()).toEqual(TYPES);
          expect(new Set(life.heard.map(({ key }) => key)).size).toBe(TYPES.length);
        },
      },
      50,
    );
    // Three turns and four acknowledgements at least, before and after each.
    expect(crashes).toBeGreaterThanOrEqual(8);
  },
);
