/** The engine that rows of growth are measured on, in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backstep } from '../../../src/host/backstep.ts';
import { openBackstep, type BackstepOptions } from '../../../src/runtime/open-backstep.ts';
import type { WideSaga } from './wide-sagas.ts';

export interface Engine {
  readonly backstep: Backstep;
  readonly database: string;
}

/** How the database came to what it is before the engine opens it, and how that is opened. */
export interface Before {
  readonly prefill?: (database: string) => Promise<void>;
  readonly options?: Partial<BackstepOptions>;
}

export async function withEngine<Result>(
  definitions: readonly WideSaga[],
  work: () => unknown,
  use: (engine: Engine) => Promise<Result>,
  { prefill, options }: Before = {},
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-growth-'));
  const database = join(folder, 'growth.db');
  await prefill?.(database);
  const backstep = await openBackstep({ database, verifyAtRegistration: 'off', ...options });
  try {
    for (const definition of definitions) {
      backstep.register(definition, { activities: { work, undo: () => ({}) } });
    }
    await backstep.start();
    return await use({ backstep, database });
  } finally {
    await backstep.stop({ within: 0 });
    rmSync(folder, { recursive: true });
  }
}

/** Runs it `count` times, so many at once. */
export async function many(
  count: number,
  atOnce: number,
  run: (nth: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
}

/** Processor time of this process, in microseconds. */
export async function cpuUs(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
