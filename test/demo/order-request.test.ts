import { describe, expect, test } from 'vitest';
import { OrderRequest } from '../../src/demo/order/order-request.ts';
import { BackstepError, type Issue } from '../../src/core/errors.ts';
import { parseWith } from '../../src/core/standard-schema.ts';

const GIVEN = {
  order_id: 'o-1',
  customer_id: 'c-1',
  customer_email: 'ada@example.com',
  product_id: 'laptop',
  quantity: 1,
  amount: '12.50',
  payment_method: 'paypal',
};
const AMOUNT = 'must be a decimal such as 12.50, not negative';
const QUANTITY = 'must be a whole number from 1 to 1000';

describe('what is said of an order', () => {
  test('names every member that is missing, as such', async () => {
    const issues = await issuesOf({});
    expect(issues).toEqual(
      Object.keys(GIVEN).map((path) => ({ path, message: 'is missing', isTypeError: true })),
    );
  });

  test.each([
    ['order_id', 7, 'must be a text', true],
    ['customer_email', 'nobody', 'must be an e-mail address', false],
    ['customer_email', {}, 'must be an e-mail address', true],
    ['quantity', 'two', QUANTITY, true],
    ['quantity', 1.5, QUANTITY, true],
    ['amount', {}, AMOUNT, true],
    ['amount', null, AMOUNT, true],
    ['amount', '1,5', AMOUNT, false],
    ['amount', '1'.repeat(30), AMOUNT, false],
    ['payment_method', 'cash', 'must be one of credit_card, paypal, bank_transfer', false],
  ])('names %s when it is %j, and what it must be', async (path, value, message, isTypeError) => {
    expect(await issuesOf({ ...GIVEN, [path]: value })).toEqual([{ path, message, isTypeError }]);
  });
});

async function issuesOf(body: object): Promise<readonly Issue[]> {
  try {
    await parseWith(OrderRequest, body);
  } catch (error) {
    if (error instanceof BackstepError) return error.issues;
    throw error;
  }
  throw new Error('it was accepted');
}
