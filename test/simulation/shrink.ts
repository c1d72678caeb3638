/**
 * From a failing seed to the few faults that it needs: leaves out halves, then quarters, then
 * single faults, and keeps every cut after which the same oracle still fails.
 */
import type { RunOptions } from './scene.ts';
import { type RunResult, simulate } from './simulation.ts';

/** Most runs spent on one seed. */
const MAX_TRIALS = 120;

export interface Shrunk {
  readonly result: RunResult;
  readonly vetoed: readonly string[];
}

/** The smallest failing run found; `null` when the seed does not fail. */
export async function shrink(
  seed: number,
  options: Omit<RunOptions, 'chance'> = {},
): Promise<Shrunk | null> {
  const vetoed = new Set<string>();
  const run = (more: readonly string[]): Promise<RunResult> =>
    simulate({
      ...options,
      chance: { kind: 'random', seed, vetoed: new Set([...vetoed, ...more]) },
    });
  let best = await run([]);
  const oracle = best.violations[0]?.oracle;
  if (oracle === undefined) return null;
  let trials = 0;
  let size = Math.ceil(best.faults.length / 2);
  while (size >= 1 && trials < MAX_TRIALS) {
    let hasCut = false;
    for (const chunk of chunksOf(best.faults.map(nameOf), size)) {
      trials += 1;
      const result = await run(chunk);
      if (result.violations[0]?.oracle !== oracle) continue;
      for (const name of chunk) vetoed.add(name);
      best = result;
      hasCut = true;
      break;
    }
    if (!hasCut) size = size === 1 ? 0 : Math.ceil(size / 2);
    else size = Math.min(size, Math.max(1, Math.ceil(best.faults.length / 2)));
  }
  return { result: best, vetoed: [...vetoed] };
}

function chunksOf(names: readonly string[], size: number): string[][] {
  const count = Math.ceil(names.length / size);
  return Array.from({ length: count }, (_, index) => names.slice(index * size, (index + 1) * size));
}

function nameOf(fault: string): string {
  return fault.slice(0, fault.lastIndexOf('='));
}
