/** The oracle of these tests is tested too: every planted lie must be found. */
import { expect, test } from 'vitest';
import { type Books, faultsOf, orderOf } from './order-books.ts';

const ORDER = orderOf(1, { product_id: 'phone', quantity: 2, amount: '10.00' });

const SAGA = { id: 's1', order_id: 'order-1', status: 'completed' };
const PRODUCT = { product_id: 'phone', initial: 100, on_hand: 98, reserved: 0, shipped: 2 };
const PAYMENT = { transaction_id: 't1', order_id: 'order-1', amount: '10.00', status: 'completed' };
const MAIL = { notification_id: 'n1', order_id: 'order-1', status: 'sent' };
const ROW = { order_id: 'order-1', status: 'confirmed' };
const CHARGE = {
  id: 1,
  key: 'k',
  transactionId: 't1',
  orderId: 'order-1',
  amountMinor: 1_000,
  refundId: null,
};

const TRUE_BOOKS: Books = {
  sagas: [SAGA],
  products: [PRODUCT],
  payments: [PAYMENT],
  notifications: [MAIL],
  orders: [ROW],
  charges: [CHARGE],
  mailbox: ['n1'],
};

const LIES: readonly (readonly [what: string, change: Partial<Books>])[] = [
  ['an accepted order is missing', { sagas: [] }],
  ['an order has two sagas', { sagas: [SAGA, { ...SAGA, id: 's2' }] }],
  ['a saga is still running', { sagas: [{ ...SAGA, status: 'running' }] }],
  ['a saga gave up', { sagas: [{ ...SAGA, status: 'compensation_failed' }] }],
  ['a saga was undone but its money kept', { sagas: [{ ...SAGA, status: 'compensated' }] }],
  ['a piece was lost', { products: [{ ...PRODUCT, on_hand: 97 }] }],
  ['a piece is still reserved', { products: [{ ...PRODUCT, on_hand: 97, reserved: 1 }] }],
  ['too much was shipped', { products: [{ ...PRODUCT, on_hand: 97, shipped: 3 }] }],
  ['the provider knows of no charge', { charges: [] }],
  ['the order was charged twice', { charges: [CHARGE, { ...CHARGE, id: 2 }] }],
  ['another amount was charged', { charges: [{ ...CHARGE, amountMinor: 1_001 }] }],
  ['a completed order was refunded', { charges: [{ ...CHARGE, refundId: 'r1' }] }],
  ['our books miss a charge', { payments: [] }],
  ['our books know of no refund', { payments: [{ ...PAYMENT, status: 'refunded' }] }],
  ['the mail is still queued', { notifications: [{ ...MAIL, status: 'queued' }] }],
  ['the mail was marked but not delivered', { mailbox: [] }],
  ['the mail was delivered twice', { mailbox: ['n1', 'n1'] }],
  ['the order was not confirmed', { orders: [] }],
  ['the order was reverted', { orders: [{ ...ROW, status: 'reverted' }] }],
];

test('books that are true have no faults', () => {
  expect(faultsOf(TRUE_BOOKS, [ORDER])).toEqual([]);
});

test.each(LIES)('it is noticed when %s', (_what, change) => {
  expect(faultsOf({ ...TRUE_BOOKS, ...change }, [ORDER])).not.toEqual([]);
});
