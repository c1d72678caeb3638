/** Sagas that are moved in every situation, and a service that keeps what stands by key. */
import { z } from 'zod';
import type { Activities } from '../../../src/core/activity.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import type { Backstep } from '../../../src/host/backstep.ts';

interface LegActivities {
  load(input: { parcel: string }): { loaded: string };
  unload(input: { parcel: string }): void;
}

export interface ParcelActivities {
  pick(input: { parcel: string }): { picked: string };
  putBack(input: { parcel: string }): void;
  ship(input: { parcel: string }): { shipped: string };
}

const retry = exponential({ first: '10ms', attempts: 3, jitter: 'none' });
const input = (view: { readonly input: { readonly parcel: string } }) => view.input;

const legSaga = defineSaga({
  id: 'leg',
  input: z.object({ parcel: z.string() }),
  activities: {} as LegActivities,
})
  .step('load', { input, retry, compensate: { activity: 'unload', input } })
  .wait('arrival', { on: { arrived: 'continue', lost: 'compensate' }, within: '24h' })
  .build();

export const parcelSaga = defineSaga({
  id: 'parcel',
  input: z.object({ parcel: z.string(), way: z.string() }),
  activities: {} as ParcelActivities,
})
  .step('pick', { input, retry, compensate: { activity: 'putBack', input, retry } })
  .wait('label', { on: { labelled: 'continue', refused: 'compensate' }, within: '24h' })
  .step('ship', { kind: 'pivot', input, retry })
  .emitOnCompleted(({ input: { parcel } }) => ({ type: 'parcel.shipped', parcel }))
  .build();

export const roundSaga = defineSaga({
  id: 'round',
  input: z.object({ parcel: z.string(), way: z.string() }),
  activities: {} as Pick<ParcelActivities, 'ship' | 'putBack'>,
})
  .child('leg', { saga: legSaga, input, compensate: { activity: 'putBack', input } })
  .step('ship', { kind: 'pivot', input, retry })
  .build();

export { legSaga };

/** What stands, by key: a call that is repeated with its key changes nothing. */
export class World {
  readonly effects = new Map<string, number>();
  /** What the sagas meet, by the name of the parcel. */
  readonly trouble = new Map<string, 'hangs' | 'away' | 'broken'>();
  readonly heard: string[] = [];

  /** The sagas of an engine, as the engine has them. */
  register(backstep: Pick<Backstep, 'register'>): void {
    const call = (parcel: string, key: string, signal: AbortSignal): Promise<void> | void => {
      switch (this.trouble.get(parcel)) {
        case 'away':
          throw new TransientError('away', 'the service is away');
        case 'broken':
          throw new PermanentError('broken', 'the service refuses it');
        case 'hangs':
          this.effects.set(key, (this.effects.get(key) ?? 0) + 1);
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new TransientError('cut', 'cut off')));
          });
        case undefined:
          this.effects.set(key, (this.effects.get(key) ?? 0) + 1);
      }
    };
    const parcels: Activities<ParcelActivities> = {
      pick: async ({ parcel }, { key, signal }) => {
        await call(parcel, key, signal);
        return { picked: key };
      },
      putBack: async ({ parcel }, { key, signal }) => {
        await call(parcel, key, signal);
      },
      ship: async ({ parcel }, { key, signal }) => {
        await call(parcel, key, signal);
        return { shipped: key };
      },
    };
    backstep.register(legSaga, {
      activities: {
        load: async ({ parcel }, { key, signal }) => {
          await call(parcel, key, signal);
          return { loaded: key };
        },
        unload: () => {},
      },
    });
    backstep.register(roundSaga, { activities: parcels });
    backstep.register(parcelSaga, {
      activities: parcels,
      concurrency: 100,
      subscribers: {
        'parcel.shipped': (_, { key }) => {
          if (this.trouble.has('subscriber')) throw new TransientError('away', 'not now');
          this.heard.push(key);
        },
      },
    });
  }
}
