/** What the demo adds to the OpenAPI document, against the app. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFaults } from '../../actors/faults/faults.ts';
import {
  bodySchema,
  type DocumentedApi,
  documentedApi,
  expectAnswer,
  operationsOf,
  routesOf,
} from '../server/api/documented-answers.ts';
import { declined, type HttpFixture } from '../server/http-fixture.ts';
import { emptyDemo, openDemo } from './demo-fixture.ts';

const TIME = '2026-01-01T00:00:00.000Z';
const ROWS = { items: [], nextCursor: null };

let http: HttpFixture;
let api: DocumentedApi;
beforeAll(async () => {
  http = await openDemo({
    activities: { charge: declined, release: declined },
    demo: demoWithRows(),
    faults: createFaults({ activities: ['charge'], random: () => 0.5 }),
  });
  api = await documentedApi(http);
});
afterAll(() => http.dispose());

it('the document has every route of the API, and no other', () => {
  expect(routesOf(api).toSorted()).toEqual(operationsOf(api).toSorted());
  expect(bodySchema(api, '/saga/execute')).toMatchObject({ required: ['order_id', 'quantity'] });
});

it('every answer of the demo is as the document says', async () => {
  const body = { order_id: 'o-1', quantity: 1 };
  const started = await expectAnswer(api, 'POST', '/saga/execute', 200, '?wait=5s', body);
  await expectAnswer(api, 'POST', '/saga/execute', 409, '', { ...body, quantity: 2 });
  await expectAnswer(api, 'GET', '/saga/status/{id}', 200, String(started['saga_id']));
  for (const name of ['all', 'stats', 'inventory', 'payments', 'notifications', 'orders']) {
    await expectAnswer(api, 'GET', `/saga/${name}`, 200);
  }
  await expectAnswer(api, 'PUT', '/api/faults', 200, '', { seed: 7 });
  await expectAnswer(api, 'PUT', '/api/faults/{activity}', 200, 'charge', { failNext: 1 });
  await expectAnswer(api, 'PUT', '/api/faults/{activity}', 422, 'charge', { failNext: -1 });
  await expectAnswer(api, 'GET', '/api/faults', 200);
  await expectAnswer(api, 'DELETE', '/api/faults', 204);
  await expectAnswer(api, 'POST', '/api/faults/crash', 204, '', {});
  const added = operationsOf(api).filter((each) => /^\w+ \/(saga|api\/faults)(\/|$)/.test(each));
  expect(added.length).toBeGreaterThan(10);
  expect(added.filter((operation) => !api.seen.has(operation))).toEqual([]);
});

function demoWithRows() {
  return emptyDemo({
    inventory: async () => ({
      items: [{ product_id: 'p', name: 'P', initial: 3, on_hand: 1, reserved: 1, shipped: 1 }],
      reservations: [
        {
          reservation_id: 'r',
          saga_id: 's',
          order_id: 'o',
          product_id: 'p',
          quantity: 1,
          status: 'reserved',
          reserved_at: TIME,
          expires_at: null,
        },
      ],
    }),
    payments: async () => ({
      ...ROWS,
      items: [
        {
          transaction_id: 't',
          saga_id: 's',
          order_id: 'o',
          amount: '12.50',
          currency: 'EUR',
          payment_method: 'paypal',
          status: 'completed',
          processed_at: TIME,
          refunded_at: null,
        },
      ],
    }),
  });
}
