/**
 * `npm run bench`: durable sagas per second on this machine, over real SQLite at
 * `synchronous=FULL`, load generator included.
 *
 * Options: `--quick` (one short round), `--json`. Figures are medians over rounds with the spread;
 * compare only figures of one run.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import type { Backstep } from '../../src/runtime/backstep.ts';
import { isSettled } from '../../src/core/status.ts';
import { fourStepSaga, trivialActivities } from './four-step-saga.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' } },
});
const ROUNDS = flags.quick ? 1 : 5;
const THROUGHPUT_SAGAS = flags.quick ? 2_000 : 10_000;
const LATENCY_SAGAS = flags.quick ? 200 : 1_000;
const CONCURRENCY = 256;

interface Round {
  readonly sagasPerSecond: number;
  readonly cpuSecondsPer1000: number;
  readonly bytesPerSaga: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const rounds: Round[] = [];
for (let round = 0; round < ROUNDS; round++) rounds.push(await runRound());
report(rounds);

async function runRound(): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-bench-'));
  const database = join(folder, 'bench.db');
  const backstep = await openBackstep({ database });
  try {
    backstep.register(fourStepSaga, { activities: trivialActivities });
    await backstep.start();
    const load = createLoad(backstep);
    await load(500, CONCURRENCY); // let the code get warm
    const latenciesMs = await load(LATENCY_SAGAS, 1);
    const cpuBefore = process.cpuUsage();
    const startMs = performance.now();
    await load(THROUGHPUT_SAGAS, CONCURRENCY);
    const seconds = (performance.now() - startMs) / 1_000;
    const cpu = process.cpuUsage(cpuBefore);
    await backstep.stop();
    return {
      sagasPerSecond: THROUGHPUT_SAGAS / seconds,
      cpuSecondsPer1000: (cpu.user + cpu.system) / 1e6 / (THROUGHPUT_SAGAS / 1_000),
      bytesPerSaga: statSync(database).size / (THROUGHPUT_SAGAS + LATENCY_SAGAS + 500),
      p50Ms: quantile(latenciesMs, 0.5),
      p99Ms: quantile(latenciesMs, 0.99),
    };
  } finally {
    await backstep.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Runs `count` sagas, `concurrency` at a time; gives how long each took to settle. */
function createLoad(backstep: Backstep) {
  const waiting = new Map<string, () => void>();
  backstep.subscribe(({ sagaId, status }) => {
    if (!isSettled(status)) return;
    waiting.get(sagaId)?.();
    waiting.delete(sagaId);
  });
  return async (count: number, concurrency: number): Promise<number[]> => {
    const latenciesMs: number[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const order = next++;
        const startMs = performance.now();
        const { id } = await backstep.spawn('four-steps', { input: { order } });
        await new Promise<void>((resolve) => waiting.set(id, resolve));
        latenciesMs.push(performance.now() - startMs);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return latenciesMs;
  };
}

function report(all: readonly Round[]): void {
  const rows = [
    ['durable sagas per second, concurrency 256', all.map((each) => each.sagasPerSecond), 0],
    ['p50 at concurrency 1, ms', all.map((each) => each.p50Ms), 2],
    ['p99 at concurrency 1, ms', all.map((each) => each.p99Ms), 2],
    ['CPU seconds per 1,000 sagas', all.map((each) => each.cpuSecondsPer1000), 3],
    ['bytes on disk per ended saga', all.map((each) => each.bytesPerSaga), 0],
  ] as const;
  if (flags.json) {
    const figures = rows.map(([name, values]) => ({ name, median: quantile(values, 0.5), values }));
    console.log(JSON.stringify({ node: process.version, rounds: ROUNDS, figures }, null, 2));
    return;
  }
  console.log(`Node ${process.version}, ${ROUNDS} round(s), medians (least to most)`);
  for (const [name, values, digits] of rows) {
    const [least, median, most] = [0, 0.5, 1].map((q) => quantile(values, q).toFixed(digits));
    console.log(`${name.padEnd(44)} ${median?.padStart(8)}   (${least} to ${most})`);
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}
