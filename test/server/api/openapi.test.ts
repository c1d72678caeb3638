/** The OpenAPI document against the app: every route is in it, and every answer is as it says. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFaults } from '../../../actors/faults/faults.ts';
import { bodyOf, declined, emptyDemo, type HttpFixture, openFixture } from '../http-fixture.ts';
import { registerStays } from './stay-saga.ts';

interface Schema {
  readonly [name: string]: unknown;
}
interface OperationView {
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly parameters: readonly { readonly name: string; readonly schema: Schema }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationView>>>>;
  readonly components: { readonly schemas: { readonly Problem: Schema } };
}

const TIME = '2026-01-01T00:00:00.000Z';
const ROWS = { items: [], nextCursor: null };
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

let http: HttpFixture;
let document: Document;
const seen = new Set<string>();
beforeAll(async () => {
  http = await openFixture({
    activities: { charge: declined, release: declined },
    register: (backstep) => registerStays(backstep),
    demo: demoWithRows(),
    faults: createFaults({ activities: ['charge'], random: () => 0.5 }),
  });
  document = (await (await http.send('GET', '/api/openapi.json')).json()) as Document;
});
afterAll(() => http.dispose());

describe('the OpenAPI document', () => {
  it('has every route of the API, and no other', () => {
    expect(document.openapi).toBe('3.1.0');
    const inDocument = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const inApp = http.app.routes
      .filter(({ path, method }) => method !== 'ALL' && isApi(path))
      .map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    expect([...new Set(inApp)].sort()).toEqual(inDocument.sort());
  });

  it('is valid JSON Schema throughout', () => {
    const schemas = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ requestBody, parameters, responses }) => [
        ...Object.values(requestBody?.content ?? {}),
        ...parameters,
        ...Object.values(responses).flatMap(({ content }) => Object.values(content ?? {})),
      ]),
    );
    expect(schemas.length).toBeGreaterThan(100);
    for (const { schema } of schemas) expect(ajv.validateSchema(schema)).toBe(true);
  });

  it('shows what bodies are checked with', () => {
    const schema = bodySchema('/api/sagas/{id}/commands');
    const isTaken = ajv.compile(schema);
    expect(isTaken({ command: 'cancel', expectedVersion: 1 })).toBe(true);
    expect(isTaken({ command: 'cancel', expectedVersion: 0 })).toBe(false);
    expect(isTaken({ command: 'cancel', nope: 1 })).toBe(false);
    expect(bodySchema('/saga/execute')).toMatchObject({ required: ['order_id', 'quantity'] });
  });
});

describe('real answers', () => {
  it('are as the document says: sagas, events, commands, bulk', async () => {
    const input = { orderId: 'o', quantity: 1 };
    const order = await expectAnswer('POST', '/api/sagas/{type}', 200, 'order?wait=5s', {
      input,
      key: 'k',
    });
    const stay = await expectAnswer('POST', '/api/sagas/{type}', 202, 'stay', {
      input: { room: 'r' },
    });
    await expectAnswer('POST', '/api/sagas/{type}', 404, 'nope', { input });
    await expectAnswer('POST', '/api/sagas/{type}', 400, 'order', { input: 7 });
    await expectAnswer('POST', '/api/sagas/{type}', 409, 'order', {
      input: { ...input, quantity: 2 },
      key: 'k',
    });
    await expectAnswer('POST', '/api/sagas/{type}', 202, 'trip', {
      input: { room: 'r' },
      delay: '1h',
    });
    await expectAnswer('GET', '/api/sagas', 200);
    await expectAnswer('GET', '/api/sagas', 400, '?limit=0');
    for (const saga of [order, stay]) {
      await expectAnswer('GET', '/api/sagas/{id}', 200, String(saga['id']));
      await expectAnswer('GET', '/api/sagas/{id}/transitions', 200, String(saga['id']));
    }
    await expectAnswer('GET', '/api/sagas/{id}', 404, 'nope');
    const trip = await expectAnswer('POST', '/api/sagas/{type}', 202, 'trip', {
      input: { room: 'r' },
    });
    await expectAnswer('GET', '/api/sagas/{id}', 200, String(trip['id']));
    const id = String(stay['id']);
    await expectAnswer('POST', '/api/sagas/{id}/commands', 202, id, { command: 'pause' });
    await expectAnswer('POST', '/api/sagas/{id}/commands', 409, id, { command: 'pause' });
    await expectAnswer('POST', '/api/sagas/{id}/commands', 422, id, {
      command: 'pause',
      step: 'x',
    });
    await expectAnswer('POST', '/api/sagas/{id}/commands', 202, id, { command: 'resume' });
    await expectAnswer('POST', '/api/sagas/{id}/events', 202, id, { type: 'approve', id: 'e' });
    await expectAnswer('POST', '/api/sagas/{id}/events', 409, id, { type: 'party' });
    await expectAnswer('GET', '/api/dead-letters', 200);
    const bulk = await expectAnswer('POST', '/api/bulk', 202, '', {
      command: 'cancel',
      ids: [id],
      start: false,
    });
    await expectAnswer('POST', '/api/bulk', 422, '', { command: 'cancel' });
    const bulkId = String(bulk['id']);
    await expectAnswer('GET', '/api/bulk/{bulk}', 200, bulkId);
    await expectAnswer('POST', '/api/bulk/{bulk}/start', 202, bulkId);
    await expectAnswer('GET', '/api/bulk/{bulk}/sagas', 200, bulkId);
    await expectAnswer('GET', '/api/bulk', 200);
  });

  it('are as the document says: the engine and the demo', async () => {
    await expectAnswer('GET', '/api/definitions', 200);
    await expectAnswer('GET', '/api/definitions/{type}', 200, 'order');
    await expectAnswer('GET', '/api/definitions/{type}', 404, 'nope');
    await expectAnswer('GET', '/api/definitions/{type}/machine', 200, 'order');
    await expectAnswer('GET', '/api/definitions/{type}/mermaid', 200, 'order');
    await expectAnswer('GET', '/api/definitions/{type}/stately', 200, 'order');
    await expectAnswer('GET', '/api/stats', 200);
    await expectAnswer('GET', '/api/retention', 200);
    await expectAnswer('POST', '/api/retention/resume', 202);
    await expectAnswer('GET', '/api/health', 200);
    await expectAnswer('GET', '/metrics', 200);
    await expectAnswer('GET', '/api/openapi.json', 200);
    await expectAnswer('GET', '/ws/transitions', 426);
    await expectAnswer('GET', '/inspect', 426);
    await expectAnswer('GET', '/inspect/v4', 426);
    const body = { order_id: 'o-1', quantity: 1 };
    const started = await expectAnswer('POST', '/saga/execute', 200, '?wait=5s', body);
    await expectAnswer('POST', '/saga/execute', 409, '', { ...body, quantity: 2 });
    await expectAnswer('GET', '/saga/status/{id}', 200, String(started['saga_id']));
    for (const name of ['all', 'stats', 'inventory', 'payments', 'notifications', 'orders']) {
      await expectAnswer('GET', `/saga/${name}`, 200);
    }
    await expectAnswer('PUT', '/api/faults', 200, '', { seed: 7 });
    await expectAnswer('PUT', '/api/faults/{activity}', 200, 'charge', { failNext: 1 });
    await expectAnswer('PUT', '/api/faults/{activity}', 422, 'charge', { failNext: -1 });
    await expectAnswer('GET', '/api/faults', 200);
    await expectAnswer('DELETE', '/api/faults', 204);
    await expectAnswer('POST', '/api/faults/crash', 204, '', {});
    await askFeed();
  });

  it('were looked at for every operation', () => {
    const all = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(all.filter((operation) => !seen.has(operation))).toEqual([]);
  });
});

/** Asks with the path's parameter, or a query, filled in; checks status and body. */
async function expectAnswer(
  method: string,
  path: string,
  status: number,
  filled = '',
  body?: object,
): Promise<Record<string, unknown>> {
  seen.add(`${method} ${path}`);
  const isParameter = path.includes('{');
  const address = isParameter ? path.replace(/\{\w+\}/, filled) : `${path}${filled}`;
  const response = await http.send(method, withQueryLast(address), body);
  expect([method, address, response.status]).toEqual([method, address, status]);
  const answer = document.paths[path]?.[method.toLowerCase()]?.responses[String(status)];
  if (answer === undefined) throw new Error(`${method} ${path}: ${status} is not in the document`);
  if (answer.content === undefined) return {};
  const [mediaType = '', media] = Object.entries(answer.content)[0] ?? [];
  expect(response.headers.get('content-type')?.split(';')[0]).toBe(mediaType);
  if (mediaType === 'text/plain') return {};
  const given = await bodyOf(response);
  const schema =
    mediaType === 'application/problem+json'
      ? document.components.schemas.Problem
      : (media?.schema ?? {});
  const isValid = ajv.compile(schema);
  isValid(given);
  expect({ method, address, errors: isValid.errors }).toEqual({ method, address, errors: null });
  return given;
}

async function askFeed(): Promise<void> {
  seen.add('GET /api/transitions');
  const response = await http.app.request('/api/transitions?since=0');
  const stream: ReadableStream<Uint8Array> | null = response.body;
  const [first] = (await stream
    ?.getReader()
    .read()
    .then(({ value }) => new TextDecoder().decode(value).split('\n\n'))) ?? [''];
  const message: unknown = JSON.parse(/^data: (.*)$/m.exec(first ?? '')?.[1] ?? 'null');
  const schema =
    document.paths['/api/transitions']?.['get']?.responses['200']?.content?.['text/event-stream'];
  expect(ajv.validate(schema?.schema ?? false, message)).toBe(true);
}

function bodySchema(path: string): Schema {
  return (
    document.paths[path]?.['post']?.requestBody?.content['application/json']?.schema ?? { not: {} }
  );
}

/** Pages, their forms and files are no API. */
function isApi(path: string): boolean {
  if (path.startsWith('/saga/actions') || path === '/saga') return false;
  return /^\/(api|saga|metrics|inspect|ws\/transitions)(\/|$)/.test(path);
}

/** The query of a filled-in parameter belongs behind the whole path. */
function withQueryLast(address: string): string {
  const [, before = address, query = '', after = ''] =
    /^([^?]*)(\?[^/]*)?(.*)$/.exec(address) ?? [];
  return `${before}${after}${query}`;
}

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
