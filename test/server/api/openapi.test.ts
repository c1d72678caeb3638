/** The OpenAPI document against the app: every route is in it, and every answer is as it says. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declined, type HttpFixture, openFixture } from '../http-fixture.ts';
import {
  bodySchema,
  type DocumentedApi,
  documentedApi,
  expectAnswer,
  expectFeed,
  operationsOf,
  routesOf,
  schemasOf,
} from './documented-answers.ts';
import { registerStays } from './stay-saga.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

let http: HttpFixture;
const desk = (): void => {};
let api: DocumentedApi;
beforeAll(async () => {
  http = await openFixture({
    activities: { charge: declined, release: declined },
    register: (backstep) => registerStays(backstep),
    alerts: { rules: [{ name: 'r', when: { kind: 'dead-letter' } }], targets: { desk }, gather: 0 },
  });
  api = await documentedApi(http);
});
afterAll(() => http.dispose());

describe('the OpenAPI document', () => {
  it('has every route of the API, and no other', () => {
    expect(api.document.openapi).toBe('3.1.0');
    expect(routesOf(api).toSorted()).toEqual(operationsOf(api).toSorted());
  });

  it('is valid JSON Schema throughout', () => {
    expect(schemasOf(api).length).toBeGreaterThan(100);
    for (const schema of schemasOf(api)) expect(ajv.validateSchema(schema)).toBe(true);
  });

  it('shows what bodies are checked with', () => {
    const isTaken = ajv.compile(bodySchema(api, '/api/sagas/{id}/commands'));
    expect(isTaken({ command: 'cancel', expectedVersion: 1 })).toBe(true);
    expect(isTaken({ command: 'cancel', expectedVersion: 0 })).toBe(false);
    expect(isTaken({ command: 'cancel', nope: 1 })).toBe(false);
  });
});

describe('real answers', () => {
  it('are as the document says: sagas, events, commands, bulk', async () => {
    const input = { orderId: 'o', quantity: 1 };
    const order = await expectAnswer(api, 'POST', '/api/sagas/{type}', 200, 'order?wait=5s', {
      input,
      key: 'k',
    });
    const stay = await expectAnswer(api, 'POST', '/api/sagas/{type}', 202, 'stay', {
      input: { room: 'r' },
    });
    await expectAnswer(api, 'POST', '/api/sagas/{type}', 404, 'nope', { input });
    await expectAnswer(api, 'POST', '/api/sagas/{type}', 400, 'order', { input: 7 });
    await expectAnswer(api, 'POST', '/api/sagas/{type}', 409, 'order', {
      input: { ...input, quantity: 2 },
      key: 'k',
    });
    await expectAnswer(api, 'POST', '/api/sagas/{type}', 202, 'trip', {
      input: { room: 'r' },
      delay: '1h',
    });
    await expectAnswer(api, 'GET', '/api/sagas', 200);
    await expectAnswer(api, 'GET', '/api/sagas', 400, '?limit=0');
    for (const saga of [order, stay]) {
      await expectAnswer(api, 'GET', '/api/sagas/{id}', 200, String(saga['id']));
      await expectAnswer(api, 'GET', '/api/sagas/{id}/transitions', 200, String(saga['id']));
      await expectAnswer(api, 'GET', '/api/sagas/{id}/why', 200, String(saga['id']));
    }
    await expectAnswer(api, 'GET', '/api/sagas/{id}', 404, 'nope');
    const trip = await expectAnswer(api, 'POST', '/api/sagas/{type}', 202, 'trip', {
      input: { room: 'r' },
    });
    await expectAnswer(api, 'GET', '/api/sagas/{id}', 200, String(trip['id']));
    const id = String(stay['id']);
    await expectAnswer(api, 'POST', '/api/sagas/{id}/commands', 202, id, { command: 'pause' });
    await expectAnswer(api, 'POST', '/api/sagas/{id}/commands', 409, id, { command: 'pause' });
    await expectAnswer(api, 'POST', '/api/sagas/{id}/commands', 422, id, {
      command: 'pause',
      step: 'x',
    });
    await expectAnswer(api, 'POST', '/api/sagas/{id}/commands', 202, id, { command: 'resume' });
    await expectAnswer(api, 'POST', '/api/sagas/{id}/events', 202, id, {
      type: 'approve',
      id: 'e',
    });
    await expectAnswer(api, 'POST', '/api/sagas/{id}/events', 409, id, { type: 'party' });
    await expectAnswer(api, 'GET', '/api/dead-letters', 200);
    const bulk = await expectAnswer(api, 'POST', '/api/bulk', 202, '', {
      command: 'cancel',
      ids: [id],
      start: false,
    });
    await expectAnswer(api, 'POST', '/api/bulk', 422, '', { command: 'cancel' });
    const bulkId = String(bulk['id']);
    await expectAnswer(api, 'GET', '/api/bulk/{bulk}', 200, bulkId);
    await expectAnswer(api, 'POST', '/api/bulk/{bulk}/start', 202, bulkId);
    await expectAnswer(api, 'POST', '/api/bulk/{bulk}/stop', 200, bulkId);
    await expectAnswer(api, 'GET', '/api/bulk/{bulk}/sagas', 200, bulkId);
    await expectAnswer(api, 'GET', '/api/bulk', 200);
  });

  it('are as the document says: the engine', async () => {
    await expectAnswer(api, 'POST', '/api/alerts/trials', 202, '', { target: 'desk' });
    await expectAnswer(api, 'POST', '/api/alerts/trials', 404, '', { target: 'disk' });
    await expectAnswer(api, 'GET', '/api/alerts', 200);
    await expectAnswer(api, 'GET', '/api/alerts/incidents', 200, '?open=true');
    await expectAnswer(api, 'GET', '/api/alerts/deliveries', 200);
    await expectAnswer(api, 'GET', '/api/definitions', 200);
    await expectAnswer(api, 'GET', '/api/definitions/{type}', 200, 'order');
    await expectAnswer(api, 'GET', '/api/definitions/{type}', 404, 'nope');
    await expectAnswer(api, 'GET', '/api/definitions/{type}/machine', 200, 'order');
    await expectAnswer(api, 'GET', '/api/definitions/{type}/mermaid', 200, 'order');
    await expectAnswer(api, 'GET', '/api/definitions/{type}/stately', 200, 'order');
    await expectAnswer(api, 'GET', '/api/definitions/{type}/ways/{number}', 404, 'order');
    await expectAnswer(api, 'GET', '/api/versions', 200);
    await expectAnswer(api, 'GET', '/api/stats', 200);
    await expectAnswer(api, 'GET', '/api/inbox', 200);
    await expectAnswer(api, 'GET', '/api/live', 200);
    await expectAnswer(api, 'GET', '/api/capabilities', 200);
    await expectAnswer(api, 'GET', '/api/calls', 200);
    await expectAnswer(api, 'GET', '/api/resync', 409);
    await expectAnswer(api, 'POST', '/api/resync', 409, '', { dryRun: true });
    await expectAnswer(api, 'POST', '/api/sagas/{id}/nudge', 409, 'none', {});
    await expectAnswer(api, 'GET', '/api/retention', 200);
    await expectAnswer(api, 'POST', '/api/retention/resume', 202);
    await expectAnswer(api, 'GET', '/api/health', 200);
    await expectAnswer(api, 'GET', '/metrics', 200);
    await expectAnswer(api, 'GET', '/api/openapi.json', 200);
    await expectAnswer(api, 'GET', '/ws/transitions', 426);
    await expectAnswer(api, 'GET', '/inspect', 426);
    await expectAnswer(api, 'GET', '/inspect/v4', 426);
    await expectFeed(api);
  });

  it('were looked at for every operation', () => {
    expect(operationsOf(api).filter((operation) => !api.seen.has(operation))).toEqual([]);
  });
});
