/** Orders of a move that are killed on the way, and given again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./move-process.ts', import.meta.url));
/** Every so many ends of requests: with no common divisor with those of one saga. */
const STRIDE = 5;

/** Gives an order again and again, killed a little later each time, until it is done. Counts the kills. */
export async function untilDone(
  order: Readonly<Record<string, unknown>>,
  afterKill: () => Promise<void>,
): Promise<number> {
  for (let nth = 1, kills = 0; ; nth += STRIDE, kills += 1) {
    const args = ['--no-warnings', PROGRAM, JSON.stringify({ ...order, nth })];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (signal !== 'SIGKILL') {
      expect(code).toBe(0);
      return kills;
    }
    await afterKill();
  }
}
