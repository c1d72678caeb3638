/** The engine under load, load generator in the same process; over SQLite at `synchronous=FULL`. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import type { Activities } from '../../src/core/activity.ts';
import { isSettled } from '../../src/core/status.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { quantile } from './figures.ts';
import { type FourSteps, fourStepSaga, RECEIPTS_TABLE } from './workload.ts';

/** What one stretch of load came to. */
export interface LoadResult {
  readonly sagasPerSecond: number;
  readonly cpuSecondsPer1000: number;
  /** From the call of `spawn` to the commit that settled it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly loopDelayP99Ms: number;
  readonly averageBatch: number;
}

/** An engine that is warm. */
export interface Loaded {
  readonly backstep: Backstep;
  /** Sagas that were run on it so far. */
  readonly count: number;
  run(sagas: number, concurrency: number): Promise<LoadResult>;
}

export interface LoadedEngine extends Pick<Loaded, 'backstep' | 'run'> {
  readonly database: string;
  /** Stops it and gives the size of its database per saga that was run, in bytes. */
  close(): Promise<number>;
}

/** Sagas before anything is measured: the code gets warm. */
export const WARM_SAGAS = 2_000;
const CONCURRENCY = 256;
const LOOP_RESOLUTION_MS = 5;

/** `prefill`: makes the database what it is before the engine opens it. */
export async function openLoaded(
  activities: Activities<FourSteps>,
  options: { readonly warm?: number; readonly prefill?: (path: string) => Promise<void> } = {},
): Promise<LoadedEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-bench-'));
  const database = join(folder, 'bench.db');
  await (options.prefill ?? migrated)(database);
  const db = new Database(database);
  db.exec(RECEIPTS_TABLE);
  db.close();
  const loaded = await warmUp(await openBackstep({ database }), activities, options.warm);
  return {
    backstep: loaded.backstep,
    database,
    run: loaded.run,
    close: async () => {
      await loaded.backstep.stop();
      const bytes = statSync(database).size / loaded.count;
      rmSync(folder, { recursive: true });
      return bytes;
    },
  };
}

/** Starts an engine that is open, and runs the first sagas. */
export async function warmUp(
  backstep: Backstep,
  activities: Activities<FourSteps>,
  warm = WARM_SAGAS,
): Promise<Loaded> {
  backstep.register(fourStepSaga, { activities });
  await backstep.start();
  const load = createLoad(backstep);
  let count = warm;
  await load(warm, CONCURRENCY);
  return {
    backstep,
    get count() {
      return count;
    },
    run: async (sagas, concurrency) => {
      count += sagas;
      return measured(backstep, sagas, () => load(sagas, concurrency));
    },
  };
}

async function migrated(database: string): Promise<void> {
  await (await openBackstep({ database })).stop();
}

async function measured(
  backstep: Backstep,
  sagas: number,
  load: () => Promise<readonly number[]>,
): Promise<LoadResult> {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  const before = backstep.store.stats();
  delay.enable();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const latenciesMs = await load();
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  delay.disable();
  const { commits, batches } = backstep.store.stats();
  return {
    sagasPerSecond: sagas / seconds,
    cpuSecondsPer1000: (user + system) / 1e6 / (sagas / 1_000),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS),
    averageBatch: (commits - before.commits) / Math.max(1, batches - before.batches),
  };
}

/** Runs `count` sagas, `concurrency` at a time; gives how long each took to settle. */
function createLoad(backstep: Backstep) {
  const waiting = new Map<string, () => void>();
  let stranded: string | null = null;
  backstep.subscribe(({ sagaId, status }) => {
    if (!isSettled(status)) return;
    if (status !== 'completed' && status !== 'compensated') stranded = status;
    waiting.get(sagaId)?.();
    waiting.delete(sagaId);
  });
  let order = 0;
  return async (count: number, concurrency: number): Promise<readonly number[]> => {
    const latenciesMs: number[] = [];
    let started = 0;
    const worker = async (): Promise<void> => {
      while (started < count) {
        started += 1;
        order += 1;
        const startMs = performance.now();
        const { id } = await backstep.spawn('four-steps', { input: { order } });
        await new Promise<void>((resolve) => waiting.set(id, resolve));
        latenciesMs.push(performance.now() - startMs);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    if (stranded !== null) throw new Error(`nothing was measured: a saga came out ${stranded}`);
    return latenciesMs;
  };
}
