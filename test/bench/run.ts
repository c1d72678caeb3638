/**
 * `npm run bench`: durable sagas per second on this machine, over real SQLite at
 * `synchronous=FULL`, load generator included.
 *
 * Every round runs the engine, the bare loops that bound it and the naive way one after the other, each
 * as warm as the others and over as many sagas, so that a ratio compares neighbours in time. Compare
 * only figures of one run, and none where other work kept the machine busy: the last line says so.
 */
import { availableParallelism, cpus } from 'node:os';
import { readFlags } from '../fixtures/tool-flags.ts';
import { openLoaded, WARM_SAGAS } from './engine-load.ts';
import { attachFeedClients } from './feed-clients.ts';
import { Figures, toTable } from './figures.ts';
import { storageLimit, turnLimit } from './limits.ts';
import { growthTable, measureGrowth } from './growth/growth.ts';
import { verdictOn, watchOtherWork } from './machine-load.ts';
import { naiveRate } from './naive.ts';
import { openLoadedOnPostgres } from './postgres-load.ts';
import { growthOnPostgres } from './postgres-scale.ts';
import { growth, sleepers } from './scale.ts';
import {
  happyActivities,
  mixedActivities,
  transactionalActivities,
  UNEVEN_MS,
  unevenActivities,
} from './workload.ts';

const USAGE = `npm run bench -- [--quick] [--json] [--million] [--postgres] | --growth [--quick] [--json]
  --quick     two short rounds, without large databases: under 45 seconds
  --postgres  the same over a PostgreSQL of its own, on the same disk
  --growth    instead: whether cost grows only with the work, at several sizes each
  --million   grows the database to 1,000,000 sagas as well; takes minutes and 4 GB
  --json      figures as JSON instead of a table`;

const flags = readFlags(USAGE, {
  quick: { type: 'boolean' },
  json: { type: 'boolean' },
  million: { type: 'boolean' },
  postgres: { type: 'boolean' },
  growth: { type: 'boolean' },
});

const SIZES = flags.quick
  ? { rounds: 2, sagas: 1_000, latency: 150, alone: 20, sleeping: 5_000, grown: [1_000, 10_000] }
  : {
      rounds: 3,
      sagas: 5_000,
      latency: 500,
      alone: 100,
      sleeping: 100_000,
      grown: [1_000, 10_000, 100_000, ...(flags.million === true ? [1_000_000] : [])],
    };
const CONCURRENCY = 256;
const FEED_CLIENTS = 10;
/** At once, with activities that take 0 to 20 ms. */
const AT_ONCE = [1, 16, 256, 4_096];
const HAPPY = 'lock-step: activities that answer at once, sagas/s, 256 at once';
const STORAGE = 'limit: the same rows, bare loop';
const TURNS = 'limit: the same turns, no storage';
const POSTGRES = 'PostgreSQL: lock-step, sagas/s, 256 at once';
const NAIVE = 'naive: live actor, commit each transition';

const MACHINE = {
  node: process.version,
  machine: `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown processor'}`,
};

const figures = new Figures();

await (flags.growth === true ? runGrowth() : run());

async function runGrowth(): Promise<void> {
  const rounds = flags.quick === true ? 1 : 3;
  const otherWork = watchOtherWork();
  const grown = await measureGrowth(rounds, progress);
  const percent = otherWork();
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(
    flags.json === true
      ? JSON.stringify({ ...MACHINE, rounds, otherWork: percent, growth: grown }, null, 2)
      : `Node ${process.version}, ${MACHINE.machine}, ${rounds} rounds: medians\n${growthTable(grown)}\n${verdictOn(percent)}`,
  );
}

async function run(): Promise<void> {
  const otherWork = watchOtherWork();
  const steps = SIZES.rounds + 1 + SIZES.grown.length;
  for (let round = 1; round <= SIZES.rounds; round += 1) {
    progress(round, steps, `round ${round} of ${SIZES.rounds}`);
    await runRound();
  }
  progress(SIZES.rounds + 1, steps, `${SIZES.sleeping} sleeping sagas`);
  const { readyMs, bytesPerSaga } = await sleepers(SIZES.sleeping);
  figures.note(`ready again over ${SIZES.sleeping} sleeping sagas`, readyMs, 'ms');
  figures.note('memory per sleeping saga', bytesPerSaga, 'bytes');
  for (const [index, stored] of SIZES.grown.entries()) {
    progress(SIZES.rounds + 2 + index, steps, `${stored} sagas in the database`);
    const { sagas, rounds } = SIZES;
    for (const result of await growth(stored, sagas, CONCURRENCY, rounds)) {
      figures.note(`sagas/s over ${stored} stored`, result.sagasPerSecond);
      figures.note(`CPU s/1,000 over ${stored} stored`, result.cpuSecondsPer1000, 's', 3);
    }
  }
  if (flags.postgres === true) await growOnPostgres();
  figures.ratio(HAPPY, STORAGE);
  figures.ratio(HAPPY, TURNS);
  figures.ratio(HAPPY, NAIVE);
  figures.ratio(POSTGRES, HAPPY);
  report(otherWork());
}

async function runRound(): Promise<void> {
  const { sagas } = SIZES;
  const otherWork = watchOtherWork();
  await runUneven();
  const engine = await openLoaded(happyActivities);
  const latency = await engine.run(SIZES.latency, 1);
  const happy = await engine.run(sagas, CONCURRENCY);
  figures.note(STORAGE, await storageLimit(sagas, Math.round(happy.averageBatch), WARM_SAGAS));
  figures.note(TURNS, turnLimit(sagas, WARM_SAGAS));
  figures.note(NAIVE, await naiveRate(sagas, CONCURRENCY, WARM_SAGAS));
  const clients = await attachFeedClients(engine.backstep, FEED_CLIENTS);
  const watched = await engine.run(sagas, CONCURRENCY);
  const received = await clients.close();
  if (received === 0) throw new Error('the feed clients heard nothing');
  figures.note(HAPPY, happy.sagasPerSecond);
  figures.note('lock-step: CPU s/1,000 sagas', happy.cpuSecondsPer1000, 's', 3);
  figures.note('lock-step: p50 alone', latency.p50Ms, 'ms', 2);
  figures.note('lock-step: p99 alone', latency.p99Ms, 'ms', 2);
  figures.note('lock-step: event loop delayed, p99', happy.loopDelayP99Ms, 'ms', 1);
  figures.note('lock-step: turns per batch', happy.averageBatch);
  figures.note(`lock-step: sagas/s with ${FEED_CLIENTS} feed clients`, watched.sagasPerSecond);
  figures.note('resident memory after it', process.memoryUsage().rss / 2 ** 20, 'MiB');
  figures.note('disk per ended saga', await engine.close(), 'bytes');
  await runVariant('10% compensate', mixedActivities);
  await runVariant('transactional steps', transactionalActivities);
  if (flags.postgres === true) await runOnPostgres();
  figures.note('other work on the machine', otherWork(), '%');
}

/** What is published: activities that take 0 to 20 ms and answer in any order. */
async function runUneven(): Promise<void> {
  const engine = await openLoaded(unevenActivities);
  for (const atOnce of AT_ONCE) {
    const sagas = Math.min(SIZES.alone * atOnce, SIZES.sagas);
    const { sagasPerSecond, cpuSecondsPer1000, ...result } = await engine.run(sagas, atOnce);
    const name = `activities of 0 to ${UNEVEN_MS} ms, ${atOnce} at once`;
    figures.note(`${name}: sagas/s`, sagasPerSecond);
    figures.note(`${name}: p50`, result.p50Ms, 'ms');
    figures.note(`${name}: p99`, result.p99Ms, 'ms');
    figures.note(`${name}: CPU s/1,000`, cpuSecondsPer1000, 's', 3);
    figures.note(`${name}: turns per batch`, result.averageBatch, '', 1);
  }
  await engine.close();
}

async function runOnPostgres(): Promise<void> {
  const engine = await openLoadedOnPostgres(happyActivities);
  const latency = await engine.run(SIZES.latency, 1);
  const before = await engine.serverFigures();
  const happy = await engine.run(SIZES.sagas, CONCURRENCY);
  const after = await engine.serverFigures();
  const thousands = SIZES.sagas / 1_000;
  figures.note(POSTGRES, happy.sagasPerSecond);
  figures.note('PostgreSQL: CPU s/1,000 sagas, engine', happy.cpuSecondsPer1000, 's', 3);
  const serverCpu = (after.cpuSeconds - before.cpuSeconds) / thousands;
  figures.note('PostgreSQL: CPU s/1,000 sagas, server', serverCpu, 's', 3);
  figures.note(
    'PostgreSQL: log per saga',
    (after.walBytes - before.walBytes) / SIZES.sagas,
    'bytes',
  );
  figures.note('PostgreSQL: p50 alone', latency.p50Ms, 'ms', 2);
  figures.note('PostgreSQL: p99 alone', latency.p99Ms, 'ms', 2);
  await engine.close();
}

async function growOnPostgres(): Promise<void> {
  const stored = SIZES.grown.at(-1) ?? 0;
  const { sagas, rounds } = SIZES;
  const found = await growthOnPostgres(stored, sagas, CONCURRENCY, rounds);
  const [over, overNone] = [`PostgreSQL: sagas/s over ${stored} stored`, 'PostgreSQL: over none'];
  for (const rate of found.large) figures.note(over, rate);
  for (const rate of found.empty) figures.note(overNone, rate);
  figures.ratio(over, overNone);
  for (const [question, ms] of found.largeReads) {
    figures.note(`PostgreSQL, ${stored} stored: ${question}`, ms, 'ms', 1);
    figures.note(
      `PostgreSQL, as many as ran: ${question}`,
      found.emptyReads.get(question) ?? NaN,
      'ms',
      1,
    );
  }
}

async function runVariant(name: string, activities: typeof happyActivities): Promise<void> {
  const engine = await openLoaded(activities);
  const { sagasPerSecond, cpuSecondsPer1000 } = await engine.run(SIZES.sagas, CONCURRENCY);
  figures.note(`sagas/s, ${name}`, sagasPerSecond);
  figures.note(`CPU s/1,000, ${name}`, cpuSecondsPer1000, 's', 3);
  await engine.close();
}

function progress(step: number, of: number, what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K[${step}/${of}] ${what}`);
  else process.stderr.write(`[${step}/${of}] ${what}\n`);
}

function report(otherWork: number): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const { rounds } = SIZES;
  if (flags.json === true) {
    console.log(JSON.stringify({ ...MACHINE, rounds, otherWork, figures: figures.all() }, null, 2));
    return;
  }
  console.log(
    `Node ${process.version}, ${MACHINE.machine}, ${rounds} rounds: medians (least to most)`,
  );
  console.log(toTable(figures.all()));
  console.log(verdictOn(otherWork));
}
