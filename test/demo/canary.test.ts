/**
 * A thousand secrets go in by every way there is, and none comes out by any: each route, page,
 * socket and export that the app has, the log included. What is added later is tried too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFaults } from '../../actors/faults/faults.ts';
import { createApp, type App } from '../../src/server/app.ts';
import { startServer, type RunningServer } from '../../src/server/listening-server.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import { BulkActions } from '../../src/host/upkeep/bulk-actions.ts';
import { shownExport } from '../../src/host/upkeep/journal-export.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { openStoredSagas } from '../../src/store/stored-sagas.ts';
import { demoOf, panelOf, registerVault } from './canary-places.ts';
import { requestsOf, type Asked } from './canary-requests.ts';
import { Canaries, CANARY, canariesIn } from './canaries.ts';
import { demoExtensions } from './demo-fixture.ts';
import { fakeLab } from './fake-lab.ts';
import { openSocket } from '../server/live/live-socket.ts';
import { bulkHost } from '../host/upkeep/bulk-host.ts';

const TEST_LIMIT_MS = 90_000;
const SECRETS = 1_000;
const STREAMS: ReadonlySet<string> = new Set(['/api/transitions']);

const canaries = new Canaries();
const folder = mkdtempSync(join(tmpdir(), 'backstep-canary-'));
const database = join(folder, 'engine.db');
const logged: string[] = [];
let backstep: Backstep;
let server: RunningServer;
let app: App['hono'];
const ids: string[] = [];

beforeAll(async () => {
  backstep = await openBackstep({
    database,
    hides: (name) => name === 'iban',
    logger: logger(),
  });
  registerVault(backstep, canaries);
  await backstep.start();
  const extensions = demoExtensions({
    demo: demoOf(canaries),
    faults: createFaults({ activities: ['open'], random: Math.random }),
    lab: fakeLab({
      latestRuns: async () => [
        { scenario: 'happy', orderId: canaries.text(), note: canaries.text(), startedAtMs: 0 },
      ],
    }),
    services: [panelOf(canaries)],
  });
  ({ hono: app } = createApp({
    backstep,
    extensions,
    security: { allowedHosts: ['127.0.0.1'], token: null, requestsPerSecond: null },
    logger: logger(),
    inspectorsMaySend: true,
  }));
  server = await startServer(app, { host: '127.0.0.1', port: 0 });
  await fill();
}, TEST_LIMIT_MS);

afterAll(async () => {
  await server.close();
  await backstep.stop({ within: 0 });
  rmSync(folder, { recursive: true, force: true });
});

test(
  `of ${SECRETS} secrets none is seen in an answer of any route, whatever is sent to it`,
  async () => {
    expect(canaries.count).toBeGreaterThan(SECRETS);
    const seen: string[] = [];
    let answers = 0;
    let hiding = 0;
    for (const { method, path } of app.routes) {
      if (path.includes('*') || path.includes('crash')) continue;
      for (const target of targetsOf(path)) {
        for (const request of requestsOf(method, canaries)) {
          const said = await ask(target, request, STREAMS.has(path));
          answers += 1;
          if (said.includes('[redacted]')) hiding += 1;
          const found = canariesIn(decoded(said));
          if (found.length > 0) seen.push(`${method} ${target} showed ${around(said)}`);
        }
      }
    }
    expect(answers).toBeGreaterThan(500);
    expect(hiding).toBeGreaterThan(200);
    expect([...new Set(seen)].slice(0, 20)).toEqual([]);
  },
  TEST_LIMIT_MS,
);

test(
  'nor by any socket: of pages, of the feed, of inspectors',
  async () => {
    const seen: string[] = [];
    let said = '';
    for (const path of await sockets()) {
      const socket = await openSocket(`${server.url.replace('http', 'ws')}${path}`);
      const sent = { type: '@xstate.event', sessionId: ids[0], event: { type: canaries.text() } };
      socket.socket.send(JSON.stringify(sent));
      await socket.until(({ length }) => length >= messagesOf(path));
      socket.socket.close();
      await socket.closed;
      for (const text of socket.texts) {
        said += text;
        if (canariesIn(decoded(text)).length > 0) seen.push(`${path} showed ${around(text)}`);
      }
    }
    expect([...new Set(seen)].slice(0, 20)).toEqual([]);
    expect(said.split('[redacted]').length).toBeGreaterThan(200);
  },
  TEST_LIMIT_MS,
);

test('nor in the log, nor in an exported journal', async () => {
  expect(logged.length).toBeGreaterThan(50);
  expect(logged.filter((line) => canariesIn(line).length > 0).slice(0, 5)).toEqual([]);
  const stored = await openStoredSagas({ database });
  const shown: string[] = [];
  for (const id of ids) {
    const journal = await stored.journalOf(id);
    shown.push(journal === null ? '' : JSON.stringify(shownExport(journal, backstep.redact)));
  }
  await stored.close();
  expect(shown.every((text) => text.length > 100)).toBe(true);
  expect(shown.filter((text) => canariesIn(decoded(text)).length > 0)).toEqual([]);
});

/** Sagas in every state that keeps a text: done, undone, stuck, waiting, paused, with notes. */
async function fill(): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    for (const ends of ['well', 'undone', 'stuck'] as const) {
      const { id } = await backstep.spawn('vault', {
        input: { ends, iban: canaries.secret(), ...canaries.value() },
        key: `order ${canaries.text()}`,
      });
      ids.push(id);
      if (round < 2) await steer(id, round);
      const event = { ...canaries.value(), type: 'approve' };
      const author = { by: canaries.text(), reason: canaries.text() };
      if (round === 2) continue;
      if (round !== 1) await backstep.saga(id).send(event, { ...author, eventId: canaries.text() });
      await backstep.saga(id).settled({ within: 10_000 });
    }
  }
  const stuck = ids[2] ?? '';
  const why = { by: canaries.text(), reason: canaries.text() };
  await backstep.saga(stuck).command({ name: 'skip', ...why });
  const waiting = ids[6] ?? '';
  await backstep.saga(waiting).command({ name: 'pause', ...why });
  await backstep
    .saga(waiting)
    .command({ name: 'edit-context', context: { input: input7() }, ...why });
  await backstep.saga(ids[7] ?? '').command({ name: 'terminate', ...why });
  const bulk = new BulkActions(bulkHost(backstep), { logger: silentLogger });
  const filter = { text: canaries.text() };
  await bulk.freeze({
    command: 'retry',
    by: canaries.text(),
    reason: canaries.text(),
    sagas: { filter },
  });
  const { id } = await bulk.freeze({
    command: 'retry',
    by: canaries.text(),
    reason: canaries.text(),
    sagas: { ids },
  });
  await bulk.start(id);
  await bulk.idle();
  while (canaries.count <= SECRETS) {
    const { id: more } = await backstep.spawn('vault', {
      input: { ends: 'well', ...canaries.value() },
      key: canaries.text(),
    });
    ids.push(more);
  }
}

const input7 = (): object => ({ ends: 'well', ...canaries.value() });

async function steer(id: string, round: number): Promise<void> {
  const why = { by: canaries.text(), reason: canaries.text() };
  await backstep.saga(id).command({ name: 'pause', ...why });
  await backstep.saga(id).command({ name: 'resume', ...why });
  if (round === 0) return;
  await backstep.saga(id).send({ type: 'reject', because: canaries.text() }, why);
}

/** A route with each of its parameters filled in, by what is there and by a secret. */
function targetsOf(path: string): readonly string[] {
  if (!path.includes(':')) return [path];
  const named = path.includes(':type') || path.includes('definitions') ? ['vault'] : [];
  const known = path.includes('bulk') ? ['1', '2'] : [...ids.slice(0, 9), ...named];
  const secret = encodeURIComponent(canaries.text());
  return [...known, secret].map((value) =>
    path
      .replace(':command', 'cancel')
      .replace(/:[a-z]+(\{[^}]*\})?/, value)
      .replace(/:[a-z]+(\{[^}]*\})?/g, secret),
  );
}

async function ask(target: string, { query, body, ...request }: Asked, isStream: boolean) {
  const leaving = new AbortController();
  const response = await fetch(`${server.url}${target}${isStream ? '?since=0' : query}`, {
    ...request,
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
    signal: leaving.signal,
  });
  const head = JSON.stringify([...response.headers]);
  if (!isStream || !response.ok) return `${head}\n${await response.text()}`;
  const chunk = await response.body?.getReader().read();
  leaving.abort();
  const bytes: unknown = chunk?.value;
  return `${head}\n${bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : ''}`;
}

/** Each socket route, and of the page's socket each page, as the app itself names them. */
async function sockets(): Promise<readonly string[]> {
  const paths = [...new Set(app.routes.map(({ path }) => path))];
  const streams = paths.filter((path) => /^\/(ws|inspect)(\/|$)/.test(path));
  expect(streams.length).toBeGreaterThan(3);
  const pages = await pagesShown();
  return streams.flatMap((path) => {
    if (path === '/ws/page') return pages;
    if (path === '/ws/transitions') return [`${path}?since=0`];
    return [path, `${path}?saga=${ids[0] ?? ''}`, `${path}?saga=${ids[2] ?? ''}`];
  });
}

/** Where the app's own pages connect to, whatever page it is. */
async function pagesShown(): Promise<readonly string[]> {
  const shown = new Map<string, string>();
  for (const { method, path } of app.routes) {
    if (method !== 'GET' || path.includes('*') || path.startsWith('/api')) continue;
    for (const target of targetsOf(path)) {
      const page = await (await app.request(`http://127.0.0.1${target}`)).text();
      const [found] = /\/ws\/page\?[^"]+/.exec(page) ?? [];
      if (found !== undefined) shown.set(found, found.replaceAll('&amp;', '&'));
    }
  }
  const headers = { upgrade: 'websocket', connection: 'Upgrade' };
  const refused = await app.request('http://127.0.0.1/ws/page?page=x', { headers });
  const named = /must be one of ([\w, /:-]+)/.exec(await refused.text())?.[1]?.split(', ') ?? [];
  const pages = [...shown.values()];
  expect(named.length).toBeGreaterThan(7);
  const isShown = (path: string) =>
    pages.some((page) => page.includes(`page=${encodeURIComponent(path)}`));
  // The guide and the bridge to the vendor's inspector stand still.
  expect(named.filter((path) => !isShown(path))).toEqual([
    '/inspector/stately',
    '/guide',
    '/guide/:chapter',
  ]);
  return pages;
}

/** A page comes as a whole; what tells turn by turn has so many to tell at the least. */
function messagesOf(path: string): number {
  if (path.startsWith('/ws/page')) return 1;
  return path.includes('since=0') ? 60 : 6;
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

function around(text: string): string {
  const whole = decoded(text);
  const at = whole.search(CANARY);
  return whole.slice(Math.max(0, at - 80), at + 40);
}

function logger() {
  const log = (...line: readonly unknown[]): void => void logged.push(JSON.stringify(line));
  const levels = { debug: log, info: log, warn: log, error: log, fatal: log };
  return { ...levels, isLevelEnabled: () => true };
}
