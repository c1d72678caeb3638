/**
 * What must be so once a long run is over: everything settles without faults, and every book, every
 * client of the feed and the database itself agree.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { faultsOf, readBooks } from '../e2e/order-books.ts';
import type { Site } from '../e2e/site.ts';
import { lostOf } from './load.ts';
import type { FeedReader } from './soak-feeds.ts';
import type { OrderLoad } from './soak-load.ts';

const POLL_MS = 1_000;
/** Lines of one check that are told. */
const MAX_TOLD = 10;
const MACHINES = fileURLToPath(new URL('../../machines', import.meta.url));

interface DeadLetter {
  readonly sagaId: string;
  readonly status: string;
}

/** What the end of a run came to. */
export interface Settlement {
  readonly isAtRest: boolean;
  /** Dead letters that were retried, each as often as it was. */
  readonly retried: number;
  readonly violations: readonly string[];
}

/** Retries dead letters until nothing is open any more, or until the deadline. */
export async function settle(site: Site, limitMs: number): Promise<Settlement> {
  const deadline = performance.now() + limitMs;
  const violations = new Set<string>();
  let retried = 0;
  while (performance.now() < deadline) {
    const letters = await site.all<DeadLetter>('/api/dead-letters');
    for (const { sagaId, status } of letters) {
      // Compensations were made to fail here; nothing was done that may park a saga.
      if (status !== 'compensation_failed') violations.add(`saga ${sagaId} is ${status}`);
      const command = { command: 'retry', reason: 'the faults are off' };
      const answer = await site.call('POST', `/api/sagas/${sagaId}/commands`, command);
      if (answer.status === 202) retried += 1;
      else violations.add(`the retry of saga ${sagaId} was answered ${answer.status}`);
    }
    if (letters.length === 0 && (await site.isAtRest())) {
      return { isAtRest: true, retried, violations: [...violations] };
    }
    await delay(POLL_MS);
  }
  violations.add(`not everything settled within ${limitMs / 1_000} s without faults`);
  return { isAtRest: false, retried, violations: [...violations] };
}

/** Everything that is wrong while the server still runs, in words. */
export async function violationsOf(
  site: Site,
  load: OrderLoad,
  feeds: readonly FeedReader[],
  limitMs: number,
): Promise<readonly string[]> {
  const told = { accepted: load.acknowledged, unanswered: [], seen: [] };
  const lost = await lostOf(site, told);
  const books = faultsOf(await readBooks(site), load.accepted);
  return [
    ...load.faults,
    ...some('acknowledged and lost', lost),
    ...some('books', books),
    ...(await brokenInvariants(site)),
    ...(await feedFaults(site, feeds, limitMs)),
  ];
}

/** The statements of the page about all services that do not hold. */
async function brokenInvariants(site: Site): Promise<readonly string[]> {
  const page = await (await fetch(`${site.url}/services`)).text();
  const boxes = page.split('<li class="invariant tone-').slice(1);
  if (boxes.length === 0) return ['the page of the services tells no invariant'];
  return boxes
    .filter((box) => !box.startsWith('good'))
    .map((box) => {
      const text = box.slice(box.indexOf('>') + 1, box.indexOf('</li>'));
      return `invariant: ${text.replaceAll(/<[^>]*>|\s+/g, ' ').trim()}`;
    });
}

async function feedFaults(
  site: Site,
  feeds: readonly FeedReader[],
  limitMs: number,
): Promise<readonly string[]> {
  for (const feed of feeds) feed.hurry();
  const lines = journalLength(site.database);
  const deadline = performance.now() + limitMs;
  while (feeds.some(({ entries }) => entries < lines) && performance.now() < deadline) {
    await delay(POLL_MS);
  }
  return feeds.flatMap(({ name, entries, faults }) => [
    ...faults,
    ...(entries === lines
      ? []
      : [`feed client ${name}: has ${entries} of ${lines} lines of the journal`]),
  ]);
}

function journalLength(database: string): number {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    return Number(db.prepare('SELECT count(*) AS lines FROM journal').get()?.['lines']);
  } finally {
    db.close();
  }
}

/** `backstep doctor` over the database of a server that has stopped. */
export async function doctorOf(
  site: Site,
): Promise<{ readonly said: string; readonly violations: readonly string[] }> {
  const doctor = site.start('cli', {}, ['doctor', MACHINES]);
  const exit = await doctor.ended;
  const [said = 'said nothing'] = doctor.out;
  const isClean = exit === 0 && said.includes('nothing found');
  return { said, violations: isClean ? [] : some('doctor', [...doctor.out, ...doctor.err]) };
}

function some(what: string, lines: readonly string[]): readonly string[] {
  const rest = lines.length - MAX_TOLD;
  return [
    ...lines.slice(0, MAX_TOLD).map((line) => `${what}: ${line}`),
    ...(rest > 0 ? [`${what}: and ${rest} more`] : []),
  ];
}
