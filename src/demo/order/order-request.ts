/**
 * What the order demo takes over HTTP: an order in the names of the tables, held against the same
 * rules as the saga's own input.
 */
import { z } from 'zod';
import { ORDER_FIELDS } from '../../../machines/order.ts';

/** The body of `POST /saga/execute`, in the names of the tables; gives an input of the saga. */
export const OrderRequest = z
  .object({
    order_id: ORDER_FIELDS.orderId,
    customer_id: ORDER_FIELDS.customerId,
    customer_email: ORDER_FIELDS.customerEmail,
    product_id: ORDER_FIELDS.productId,
    quantity: ORDER_FIELDS.quantity,
    amount: ORDER_FIELDS.amount,
    payment_method: ORDER_FIELDS.paymentMethod,
  })
  .transform((body) => ({
    orderId: body.order_id,
    customerId: body.customer_id,
    customerEmail: body.customer_email,
    productId: body.product_id,
    quantity: body.quantity,
    amount: body.amount,
    paymentMethod: body.payment_method,
  }));
