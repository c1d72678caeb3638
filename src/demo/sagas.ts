/**
 * The sagas of the demo with their participants. With `main.ts` the only file that knows machines/
 * and actors/.
 */
import { bank, reminderMail } from '../../actors/bank/bank.ts';
import { type Faults, withFaults } from '../../actors/faults/faults.ts';
import { releaseInventory, reserveInventory } from '../../actors/inventory/inventory.ts';
import { createSmtpSender } from '../../actors/notification/mail.ts';
import {
  cancelConfirmation,
  createDelivery,
  sendConfirmation,
} from '../../actors/notification/notification.ts';
import { type OrderReader, type OrderTables, writeAll } from '../../actors/order/order-tables.ts';
import { revertOrder, updateOrder } from '../../actors/order/order.ts';
import { createPayments } from '../../actors/payment/payment.ts';
import { createTravel, tripEvents } from '../../actors/travel/travel.ts';
import { accountSaga } from '../../machines/account.ts';
import { onboardingSaga } from '../../machines/onboarding.ts';
import { type OrderActivities, orderSaga } from '../../machines/order.ts';
import { tripSaga } from '../../machines/trip.ts';
import type { TripActivities } from '../../machines/trip-parts.ts';
import type { Activities } from '../core/activity.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Backstep } from '../host/backstep.ts';

const MAIL_FROM = 'orders@backstep.example';

/** Each saga, and the events of it that somebody hears. */
export const SAGAS: readonly { readonly saga: SagaDefinition; readonly heard: string[] }[] = [
  { saga: orderSaga, heard: ['order.completed'] },
  { saga: tripSaga, heard: ['trip.completed'] },
  { saga: accountSaga, heard: [] },
  { saga: onboardingSaga, heard: ['onboarding.reminder'] },
];

/** What the participants work with. */
export interface Participants {
  readonly store: Backstep['store'];
  readonly faults: Faults;
  readonly providerUrl: string;
  /** `null`: mails stay in the database. */
  readonly smtpUrl: string | null;
}

/** The order demo's rows. */
export function readerOf({ store }: Pick<Backstep, 'store'>): OrderReader {
  return store.reader<OrderTables>();
}

/** Binds every saga to its participants, with the faults before them. */
export function registerSagas(register: Backstep['register'], parts: Participants): void {
  registerOrders(register, parts);
  registerTrips(register, parts);
  registerOnboarding(register, parts);
}

function registerOrders(register: Backstep['register'], parts: Participants): void {
  const { store, faults, providerUrl, smtpUrl } = parts;
  const write = store.write.bind(store);
  const activities = {
    reserveInventory,
    releaseInventory,
    ...createPayments({ providerUrl, write }),
    sendConfirmation,
    cancelConfirmation,
    updateOrder,
    revertOrder,
  } satisfies Activities<OrderActivities>;
  register(orderSaga, {
    activities: withFaults(faults, activities),
    subscribers: {
      'order.completed': createDelivery({
        reader: readerOf(parts),
        write,
        sendMail: smtpUrl === null ? null : createSmtpSender({ url: smtpUrl, from: MAIL_FROM }),
        nowMs: Date.now,
      }),
    },
  });
}

function registerTrips(register: Backstep['register'], { store, faults }: Participants): void {
  const travel: Activities<TripActivities> = createTravel({ write: store.write.bind(store) });
  register(tripSaga, { activities: withFaults(faults, travel), subscribers: tripEvents });
}

function registerOnboarding(register: Backstep['register'], { store, faults }: Participants): void {
  const activities = withFaults(faults, bank);
  register(accountSaga, { activities });
  register(onboardingSaga, {
    activities,
    subscribers: {
      'onboarding.reminder': async (event, { key }) => {
        const mail = reminderMail(key, String(Reflect.get(event, 'customerId')), Date.now());
        await writeAll(store.write.bind(store), [mail]);
      },
    },
  });
}
