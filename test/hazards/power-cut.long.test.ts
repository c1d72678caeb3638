/**
 * A power cut under load: what was synced is left, and of the rest nothing or any sectors. Whatever
 * was acknowledged before must be there afterwards. BACKSTEP_POWER_CUTS sets how often.
 *
 * SIGKILL alone cannot show this: the kernel keeps what a killed process wrote.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../../actors/faults/seeded-random.ts';
import { hash32 } from '../../src/core/hash.ts';
import { expectBooksToAddUp, ordersOf } from '../e2e/order-books.ts';
import type { Environment } from '../e2e/processes.ts';
import { type OrderBody, siteFor } from '../e2e/site.ts';
import { useDiskLibrary, Disk } from './disk.ts';
import { lostOf, postUntil } from './load.ts';

const CUTS = Number(process.env['BACKSTEP_POWER_CUTS'] ?? 2);
/** About what a disk takes. */
const SYNC_MS = 3;
const CUT_LIMIT_MS = 60_000;
const ORDERS_PER_CUT = 60;
/** So large that the log starts over every few dozen batches. */
const STATE_CHARS = 400_000;
const COMMITS_PER_CUT = 300;
/** Then a new file: each cut looks at every byte of it, and it grows by a good 20 MB each time. */
const CUTS_PER_DATABASE = 10;

const STORE_PROCESS = fileURLToPath(new URL('../store/sqlite/store-process.ts', import.meta.url));
const NORMAL = fileURLToPath(new URL('./normal-synchronous.ts', import.meta.url));
const WITH_NORMAL = { NODE_OPTIONS: `--import=${pathToFileURL(NORMAL).href}` };

const library = useDiskLibrary('power cut');

describe.skipIf(library === null)('a power cut', () => {
  test(
    `under a store that restarts its log: ${CUTS} cuts lose no commit and tear none`,
    async () => {
      let commits = 0;
      let restarts = 0;
      let unsyncedBytes = 0;
      for (let first = 1; first <= CUTS; first += CUTS_PER_DATABASE) {
        const folder = temporaryFolder();
        const disk = new Disk(library, folder);
        const acknowledged = new Set<string>();
        const last = Math.min(CUTS, first + CUTS_PER_DATABASE - 1);
        for (let cut = first; cut <= last; cut += 1) {
          for (const line of await commitUntilKilled(folder, disk)) acknowledged.add(line);
          restarts += disk.logRestarts('saga.db');
          unsyncedBytes += disk.cutPower(chanceOf(cut));
          expect(lostOfStore(folder, acknowledged)).toEqual([]);
          disk.accept();
        }
        commits += acknowledged.size;
        rmSync(folder, { recursive: true });
      }
      expect(commits).toBeGreaterThanOrEqual(CUTS * COMMITS_PER_CUT);
      // It was tried on what is hard: a log written over, and pages that no sync had asked for.
      expect(restarts).toBeGreaterThan(0);
      expect(unsyncedBytes).toBeGreaterThan(0);
    },
    CUT_LIMIT_MS * CUTS,
  );

  test('loses commits of a store made to run with synchronous=NORMAL', async () => {
    const folder = temporaryFolder();
    const disk = new Disk(library, folder);
    const acknowledged = await commitUntilKilled(folder, disk, WITH_NORMAL);
    disk.cutPower();
    expect(lostOfStore(folder, acknowledged)).not.toEqual([]);
  });

  test(
    `under the server: ${CUTS} cuts lose nothing that a client or the feed was told`,
    async () => {
      const site = await siteFor(onTestFinished);
      const disk = new Disk(library, site.folder);
      await site.provide();
      const orders: OrderBody[] = [];
      let unsyncedBytes = 0;
      let server = await site.serve(disk.env);
      // A sync in memory takes no time, and would leave no middle of a commit to strike at.
      disk.slowDown(SYNC_MS);
      for (let cut = 1; cut <= CUTS; cut += 1) {
        await site.fault('processPayment', { failureRate: 0.1, mode: 'applied-then-lost' });
        await site.fault('updateOrder', { failureRate: 0.2, mode: 'permanent' });
        const batch = ordersOf(ORDERS_PER_CUT, orders.length + 1);
        orders.push(...batch);
        const told = await postUntil(site, batch, {
          answers: 1 + (hash32(`answers ${cut}`) % (ORDERS_PER_CUT - 10)),
          strike: async () => {
            await disk.midCommit();
            server.signal('SIGKILL');
          },
        });
        await server.ended;
        unsyncedBytes += disk.cutPower(chanceOf(cut));
        server = await site.serve(disk.env);
        expect(await lostOf(site, told)).toEqual([]);
        for (const order of told.unanswered) expect((await site.order(order)).status).toBe(202);
        await site.atRest();
        await expectBooksToAddUp(site, orders, batch);
      }
      expect(unsyncedBytes).toBeGreaterThan(0);
    },
    CUT_LIMIT_MS * CUTS,
  );

  test('loses orders of a server made to run with synchronous=NORMAL', async () => {
    const site = await siteFor(onTestFinished);
    const disk = new Disk(library, site.folder);
    await site.provide();
    const server = await site.serve({ ...disk.env, ...WITH_NORMAL });
    const strike = (): void => server.signal('SIGKILL');
    const told = await postUntil(site, ordersOf(60), { answers: 40, strike });
    await server.ended;
    disk.cutPower();
    await site.serve();
    expect((await lostOf(site, told)).length).toBeGreaterThan(0);
  });
});

/** Every second cut leaves some of what was not synced, always the same of it. */
function chanceOf(cut: number): (() => number) | undefined {
  return cut % 2 === 0 ? seededRandom(cut) : undefined;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-cut-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Commits in a process of its own until it is killed; gives what it was acknowledged. */
async function commitUntilKilled(
  folder: string,
  disk: Disk,
  env: Environment = {},
): Promise<Iterable<string>> {
  const child = spawn(
    process.execPath,
    [STORE_PROCESS, join(folder, 'saga.db'), 'busy', String(STATE_CHARS)],
    { env: { PATH: process.env['PATH'], ...disk.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => {
    if (line.includes(':')) lines.push(line);
    if (lines.length === COMMITS_PER_CUT) void disk.midCommit().then(() => child.kill('SIGKILL'));
  });
  const [, signal] = (await exited) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`the store ended by itself, after ${lines.length}`);
  return lines;
}

/** What of it the database does not hold, and what in the database does not fit together. */
function lostOfStore(folder: string, acknowledged: Iterable<string>): readonly string[] {
  const db = new Database(join(folder, 'saga.db'));
  try {
    const journal = db.prepare("SELECT sid || ':' || saga_seq FROM journal").pluck().all();
    const known = new Set(journal.map(String));
    const integrity = String(db.pragma('integrity_check', { simple: true }));
    const torn = db.prepare(TORN).all().map(String);
    return [
      ...[...acknowledged].filter((line) => !known.has(line)),
      ...torn,
      ...(integrity === 'ok' ? [] : [integrity]),
    ];
  } finally {
    db.close();
  }
}

/** Sagas whose row and journal disagree. */
const TORN = `SELECT sagas.sid FROM sagas LEFT JOIN journal USING (sid)
  GROUP BY sagas.sid HAVING max(journal.saga_seq) IS NOT sagas.seq OR count(*) IS NOT sagas.seq`;
