/** An order as the tests of the dashboard place it: only its name matters. */
import type { OrderBody } from '../e2e/site.ts';

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
