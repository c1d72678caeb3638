/**
 * A reporter that prints, after a long run, which files took longest: `npm test` has a bound on its
 * time, and this tells where it goes.
 */
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 10;
/** A run of a few files needs no such list. */
const LEAST_FILES = 20;

export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length < LEAST_FILES) return;
    const slowest = modules
      .map((module) => ({ file: module.moduleId, ms: module.diagnostic().duration }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, SHOWN);
    console.log(`\nThe ${slowest.length} slowest of ${modules.length} files:`);
    for (const { file, ms } of slowest) {
      console.log(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${relative(process.cwd(), file)}`);
    }
  }
}
