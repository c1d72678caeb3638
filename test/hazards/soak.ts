/**
 * `npm run soak`: a long load with faults, kills and clients of the feed under a fixed bound of
 * memory, over what `npm start` runs; exit code 1 and a line for each thing that was not as it
 * must be.
 *
 * Loopback and a temporary folder only. Invariant: it ends by itself, and ends what it started.
 */
import { cpSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readFlags, refuse } from '../fixtures/tool-flags.ts';
import type { Program } from '../e2e/processes.ts';
import { freePort } from '../ports.ts';
import { Site } from '../e2e/site.ts';
import { doctorOf, settle, violationsOf } from './soak-end.ts';
import { deathsBeside, SoakFaults } from './soak-faults.ts';
import { FeedReader, type FeedHabit } from './soak-feeds.ts';
import { OrderLoad } from './soak-load.ts';
import { MemoryWatch } from './soak-memory.ts';

const USAGE = `npm run soak -- [--minutes 30] [--rate 20] [--memory 256] [--resident 600]
                  [--kill-every 240]
  --minutes   how long orders are placed, 0.1 to 240; the end takes some minutes more
  --rate      orders a second, 1 to 200
  --memory    bound of each program's heap (--max-old-space-size), in MB
  --resident  most that the server may ever hold in all, in MB; checked where /proc tells
  --kill-every  seconds from one SIGKILL to the next, 10 to 3600, or 0 for none`;

const flags = readFlags(USAGE, {
  minutes: { type: 'string', default: '30' },
  rate: { type: 'string', default: '20' },
  memory: { type: 'string', default: '256' },
  resident: { type: 'string', default: '600' },
  'kill-every': { type: 'string', default: '240' },
});
// The resident bound has room for the thread that draws charts: the first page opened starts it.
const MINUTES = numberOf('minutes', flags.minutes, 0.1, 240);
const RATE = numberOf('rate', flags.rate, 1, 200);
const MEMORY_MB = numberOf('memory', flags.memory, 64, 8_192);
const RESIDENT_MB = numberOf('resident', flags.resident, 64, 16_384);
const KILL_MS = 1_000 * numberOf('kill-every', flags['kill-every'], 10, 3_600, 0);

const SAMPLE_MS = 1_000;
const PROGRESS_MS = 10_000;
const TURN_MS = 20_000;
/** Every so many kills the provider is the one. */
const PROVIDER_DIES_EVERY = 3;
const CANCEL_EVERY = 40;
const SETTLE_LIMIT_MS = 10 * 60_000;
const FEED_LIMIT_MS = 3 * 60_000;
const MAX_ERRORS_TOLD = 5;

/** Pauses stay below the time after which a client that answers no ping is dropped. */
const HABITS: readonly FeedHabit[] = [
  { name: 'steady' },
  { name: 'slow', pauseMs: 15_000, readMs: 300 },
  { name: 'very slow', pauseMs: 70_000, readMs: 2_000 },
  { name: 'restless', leaveAfterMs: 7_000 },
];

/** What a run is made of. */
interface Soak {
  readonly site: Site;
  readonly launcher: Program;
  readonly load: OrderLoad;
  readonly faults: SoakFaults;
  readonly feeds: readonly FeedReader[];
  readonly memory: { readonly server: MemoryWatch; readonly provider: MemoryWatch };
}

process.exitCode = await main();

async function main(): Promise<number> {
  const site = new Site(await freePort(), await freePort());
  const onSignal = (): void => void site.dispose().then(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const log = join(site.folder, 'programs.log');
  site.stderr = openSync(log, 'a');
  try {
    const violations = await soak(site, log).catch((error: unknown) => [
      `the run broke off: ${error instanceof Error ? error.message : String(error)}`,
    ]);
    for (const violation of violations) console.log(`VIOLATED ${violation}`);
    if (violations.length > 0) console.log(`database and log are kept in ${keep(site)}`);
    console.log(violations.length === 0 ? 'all checks hold' : `${violations.length} violations`);
    return violations.length === 0 ? 0 : 1;
  } finally {
    await site.dispose();
  }
}

/** Everything that was not as it must be. */
async function soak(site: Site, log: string): Promise<readonly string[]> {
  const env = { NODE_OPTIONS: `--max-old-space-size=${MEMORY_MB}`, BACKSTEP_VERIFY: 'warn' };
  const launcher = await site.launch(env);
  const limit = Math.ceil(MINUTES * 60 * RATE);
  const run: Soak = {
    site,
    launcher,
    load: new OrderLoad(site, { rate: RATE, limit, cancelEvery: CANCEL_EVERY }),
    faults: new SoakFaults(site, launcher),
    feeds: HABITS.map((habit) => new FeedReader(site.url, habit)),
    memory: { server: new MemoryWatch(), provider: new MemoryWatch() },
  };
  const watching = new AbortController();
  const watchers = watch(run, watching.signal);
  const died = launcher.ended.then((exit) => {
    throw new Error(`the launcher ended with ${exit}`);
  });
  let violations: readonly string[];
  try {
    violations = await Promise.race([work(run), died]);
  } finally {
    watching.abort();
    await Promise.all([...watchers, ...run.feeds.map((feed) => feed.stop())]);
  }
  return [...violations, ...(await examine(run, log))];
}

/** Samples and tells until the stop. */
function watch({ site, load, faults, memory }: Soak, stop: AbortSignal): readonly Promise<void>[] {
  const startedAt = performance.now();
  return [
    every(SAMPLE_MS, stop, () => {
      memory.server.sample(faults.pids.server);
      memory.provider.sample(faults.pids.provider);
    }),
    every(PROGRESS_MS, stop, async () => {
      const elapsed = `${Math.round((performance.now() - startedAt) / 1_000)} s`;
      const [server, provider] = [memory.server.nowMb, memory.provider.nowMb];
      console.log(
        `${elapsed}: ${load.acknowledged.size} acknowledged, ${await standing(site)}, ` +
          `${server} MB server, ${provider} MB provider, faults: ${faults.now}`,
      );
    }),
  ];
}

/** Orders and faults, then the end of all faults, and what is wrong after it. */
async function work(run: Soak): Promise<readonly string[]> {
  const { site, load, faults, feeds } = run;
  for (const feed of feeds) feed.start();
  const disturbing = new AbortController();
  const { signal } = disturbing;
  const turns = every(TURN_MS, signal, () => faults.next());
  const kills = KILL_MS === 0 ? null : every(KILL_MS, signal, () => killNext(faults));
  const placing = load.run(signal).finally(() => disturbing.abort());
  await Promise.all([placing, turns, kills]).finally(() => disturbing.abort());
  await faults.end();
  console.log(`${load.placed} orders placed; all faults are off: waiting for the rest to settle`);
  const { retried, violations } = await settle(site, SETTLE_LIMIT_MS);
  const found = await violationsOf(site, load, feeds, FEED_LIMIT_MS);
  await report(run, retried);
  return [...violations, ...found];
}

/** Stops everything, and looks at what it leaves behind. */
async function examine(
  { site, launcher, faults, memory: { server, provider } }: Soak,
  log: string,
): Promise<readonly string[]> {
  launcher.signal('SIGTERM');
  const exit = await launcher.ended;
  console.log(
    `resident memory of the server: median ${server.medianMb} MB, ` +
      `most ${server.peakMb} MB of ${RESIDENT_MB} MB; of the provider: ` +
      `median ${provider.medianMb} MB, most ${provider.peakMb} MB`,
  );
  const logged = readFileSync(log, 'utf8').split('\n');
  const errors = logged.filter((line) => /"level":(50|60)|^\s+at /.test(line));
  console.log(`${errors.length} errors logged`);
  for (const line of errors.slice(0, MAX_ERRORS_TOLD)) console.log(`  ${line.slice(0, 300)}`);
  const doctor = await doctorOf(site);
  console.log(`doctor: ${doctor.said}`);
  return [
    ...(server.peakMb > RESIDENT_MB ? [`the server held ${server.peakMb} MB`] : []),
    ...deathsBeside(faults.kills.server + faults.kills.provider, logged),
    ...(exit === 0 ? [] : [`the launcher stopped with ${exit}`]),
    ...doctor.violations,
  ];
}

/** Calls `beat` so often until the stop; a beat that takes longer delays the next. */
async function every(
  everyMs: number,
  stop: AbortSignal,
  beat: () => Promise<void> | void,
): Promise<void> {
  while (!stop.aborted) {
    await delay(everyMs, undefined, { signal: stop }).catch(() => {});
    if (!stop.aborted) await beat();
  }
}

async function killNext(faults: SoakFaults): Promise<void> {
  const { server, provider } = faults.kills;
  if ((server + provider + 1) % PROVIDER_DIES_EVERY === 0) await faults.killProvider();
  else await faults.killServer();
}

/** How the sagas stand, and how busy the server is, in words. */
async function standing(site: Site): Promise<string> {
  try {
    const stats = await site.get<Record<string, number>>('/saga/stats');
    const open = openOf(stats);
    const metrics = await (await fetch(`${site.url}/metrics`)).text();
    const loop = Number(/^backstep_event_loop_delay_seconds (\S+)$/m.exec(metrics)?.[1] ?? 0);
    const settled = (stats['total'] ?? 0) - open;
    return `${settled} settled, ${open} open, loop p99 ${Math.round(loop * 1_000)} ms`;
  } catch {
    return 'the server is away';
  }
}

function openOf(stats: Readonly<Record<string, number>>): number {
  const open = ['running', 'waiting', 'compensating', 'paused'];
  return open.reduce((sum, status) => sum + (stats[status] ?? 0), 0);
}

async function report({ site, load, faults, feeds }: Soak, retried: number): Promise<void> {
  const stats = await site.get<Record<string, number>>('/saga/stats');
  const standings = Object.entries(stats).filter(([, count]) => count > 0);
  const { accepted, tooLate, unanswered } = load.cancels;
  const loads = loadavg().map((average) => average.toFixed(1));
  console.log(
    [
      `orders: ${load.placed} placed, ${load.acknowledged.size} acknowledged, ` +
        `${load.repeats} requests repeated`,
      `sagas: ${standings.map(([status, count]) => `${count} ${status}`).join(', ')}`,
      `cancels: ${accepted} taken, ${tooLate} too late, ${unanswered} unanswered`,
      `killed: server ${faults.kills.server} times, provider ${faults.kills.provider} times`,
      `dead letters retried: ${retried}`,
      ...feeds.map((feed) => `feed client ${feed.summary()}`),
      `load of the machine: ${loads.join(', ')}`,
    ].join('\n'),
  );
}

function keep(site: Site): string {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-soak-'));
  cpSync(site.folder, folder, { recursive: true });
  return folder;
}

function numberOf(name: string, given: string, least: number, most: number, none?: number): number {
  const value = Number(given);
  if ((value >= least && value <= most) || (given !== '' && value === none)) return value;
  return refuse(`--${name} must be a number from ${least} to ${most}`, USAGE);
}
