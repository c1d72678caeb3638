/**
 * The HTTP app over a real engine on a database of its own, with a saga of two steps.
 *
 * The database is SQLite in memory unless a test says `onDisk`: three threads and a migration per
 * test were two thirds of what the tests of the server took.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Activities } from '../../src/core/activity.ts';
import { PermanentError } from '../../src/core/failure.ts';
import { createRedact, type HidesMember } from '../../src/core/secrets/redact.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { AlertOptions } from '../../src/host/alerts/alert-options.ts';
import { checkedAlerts } from '../../src/host/alerts/alert-rules.ts';
import { createApp, type App, type AppOptions } from '../../src/server/app.ts';
import type { HttpLogger } from '../../src/server/http-env.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { systemClock } from '../../src/host/clock.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { DEFAULT_LIMITS } from '../../src/host/limits.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import { memoryDatabases } from '../../src/store/sqlite/memory-store.ts';

type Call = (input: { readonly orderId: string }) => { readonly receipt: string };
export type TestActivities = Record<'reserve' | 'release' | 'charge' | 'refund', Call>;

const retry = exponential({ first: '1ms', factor: 1, max: '1ms', attempts: 2, jitter: 'none' });
const input = (view: { readonly input: { readonly orderId: string } }) => ({
  orderId: view.input.orderId,
});
const OrderInput = z.object({
  orderId: z.string().min(1).max(100),
  quantity: z.int().min(1).max(1_000),
  amountMinor: z.int().default(1_250),
  cardNumber: z.string().optional(),
});
const orderSaga = defineSaga({ id: 'order', input: OrderInput, activities: {} as TestActivities })
  .step('reserve', { input, retry, compensate: { activity: 'release', input, retry } })
  .step('charge', { input, retry, compensate: { activity: 'refund', input, retry } })
  .build();

const succeed: Call = () => ({ receipt: 'r-1' });

/** Fails for good, without an effect. */
export const declined: Call = () => {
  throw new PermanentError('declined', 'the card was declined');
};

export interface FixtureOptions extends Partial<Omit<AppOptions, 'backstep'>> {
  readonly activities?: Partial<Activities<TestActivities>>;
  /** A redaction rule of the user's own. */
  readonly hides?: HidesMember;
  /** A file, and the threads that write and read it; for what depends on how these behave. */
  readonly onDisk?: boolean;
  readonly alerts?: AlertOptions;
  /** Registers further sagas. */
  readonly register?: (backstep: Backstep) => void;
}

/** A line of a log. */
export type LogLine = Parameters<HttpLogger['error']>;

export interface HttpFixture {
  readonly backstep: Backstep;
  readonly app: App['hono'];
  readonly log: readonly LogLine[];
  /** A JSON request without any browser header. */
  send(method: string, path: string, body?: unknown): Promise<Response>;
  /** Starts an order saga and waits until it is settled; returns its id. */
  settledOrder(orderId: string): Promise<string>;
  dispose(): Promise<void>;
}

export async function openFixture(options: FixtureOptions = {}): Promise<HttpFixture> {
  const { activities, register, hides, alerts, onDisk = false, ...rest } = options;
  const { backstep, remove } = await (onDisk ? openOnDisk(hides) : openInMemory(hides, alerts));
  backstep.register(orderSaga, {
    activities: {
      reserve: succeed,
      release: succeed,
      charge: succeed,
      refund: succeed,
      ...activities,
    },
  });
  register?.(backstep);
  await backstep.start();
  const log: LogLine[] = [];
  const { hono: app, ...server } = createApp({
    backstep,
    extensions: [],
    security: { allowedHosts: ['localhost', '127.0.0.1', '[::1]'], token: null },
    logger: { error: (...line) => void log.push(line) },
    ...rest,
  });
  server.start();
  return {
    backstep,
    app,
    log,
    send: async (method, path, body) => app.request(path, jsonRequest(method, body)),
    async settledOrder(orderId) {
      const { id } = await backstep.spawn('order', { input: { orderId, quantity: 1 } });
      await backstep.saga(id).settled({ within: 10_000 });
      return id;
    },
    async dispose() {
      await server.stop();
      await backstep.stop({ within: 0 });
      remove();
    },
  };
}

interface Opened {
  readonly backstep: Backstep;
  /** To be called once it is stopped. */
  readonly remove: () => void;
}

async function openOnDisk(hides: HidesMember | undefined): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-http-'));
  const database = join(folder, 'engine.db');
  const backstep = await openBackstep({ database, ...(hides === undefined ? {} : { hides }) });
  return { backstep, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Gives empty databases; the schema is made once for all of them. */
let databases: ReturnType<typeof memoryDatabases> | undefined;

async function openInMemory(
  hides: HidesMember | undefined,
  alerts: AlertOptions | undefined,
): Promise<Opened> {
  databases ??= memoryDatabases();
  const database = (await databases)();
  const backstep = createEngine(database.open(), {
    clock: systemClock,
    randomId: () => randomBytes(16),
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
    onFatal: () => {},
    redact: createRedact(hides),
    alerts: checkedAlerts(alerts, 'embedded'),
  });
  return { backstep, remove: () => database.close() };
}

/** The members of a JSON answer. */
export async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json();
  if (body === null || typeof body !== 'object') throw new Error('not a JSON object');
  return { ...body };
}

/** Status and code of a problem, whose media type is checked. */
export async function problemIn(response: Response): Promise<[number, unknown]> {
  const type = response.headers.get('content-type');
  if (type !== 'application/problem+json') throw new Error(`not a problem but ${type}`);
  const body = await bodyOf(response);
  for (const name of ['title', 'detail']) {
    if (typeof body[name] !== 'string') throw new Error(`a problem without ${name}`);
  }
  if (body['status'] !== response.status) throw new Error('status differs from the answer');
  return [response.status, body['code']];
}

/** Matches text by a pattern, inside of an expected value. */
export function textLike(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

/** Matches a list that has at least these items. */
export function listWith(...items: readonly unknown[]): unknown {
  return expect.arrayContaining([...items]);
}

/** Matches a time as the API writes it. */
export function isoTime(): unknown {
  return textLike(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
}

function jsonRequest(method: string, body: unknown): RequestInit {
  if (body === undefined) return { method };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method, body: text, headers: { 'content-type': 'application/json' } };
}
