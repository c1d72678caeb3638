/** Orders as the tests of the dashboard place them: only their names matter. */
import type { OrderBody, Site } from '../e2e/site.ts';

export function orderNamed(order_id: string): OrderBody {
  return {
    order_id,
    customer_id: 'c-1',
    customer_email: 'ada@example.com',
    product_id: 'laptop',
    quantity: 1,
    amount: '12.50',
    payment_method: 'paypal',
  };
}

/** An order that stands still until it goes on, so that a page is open before anything happens. */
export interface PausedOrder {
  readonly id: string;
  goOn(): Promise<void>;
}

/** Its first step must take so long that it can be paused. */
export async function pausedOrder(site: Site, orderId: string): Promise<PausedOrder> {
  const id = (await site.order(orderNamed(orderId))).body.saga_id;
  const command = async (name: 'pause' | 'resume'): Promise<void> => {
    const { status } = await site.call('POST', `/api/sagas/${id}/commands`, { command: name });
    if (status !== 202) throw new Error(`${name} of ${orderId} was answered ${status}`);
  };
  await command('pause');
  return { id, goOn: () => command('resume') };
}
