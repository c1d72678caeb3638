/**
 * What runs are told as: one failure in full, many runs as figures.
 */
import type { CoreResult } from './core-simulation.ts';
import type { RunResult } from './simulation.ts';

/** Steps shown of a failing run, counted from its end. */
const MAX_STEPS_SHOWN = 60;

/** A failing run: what was violated, the faults it took, and how it came to it. */
export function failureText(name: string, { violations, faults, trace }: RunResult): string {
  const [first] = violations;
  return [
    `${name}: ${first?.oracle ?? 'nothing'} violated: ${first?.message ?? ''}`,
    `faults: ${faults.join(', ') || 'none'}`,
    ...trace.slice(-MAX_STEPS_SHOWN),
  ].join('\n  ');
}

/** Counts over many runs. */
export class Tally {
  runs = 0;
  failed = 0;
  #commits = 0;
  #crashes = 0;
  #steps = 0;
  #deadLetters = 0;
  readonly #statuses = new Map<string, number>();
  readonly #faults = new Map<string, number>();

  add(result: RunResult): void {
    this.runs += 1;
    if (result.violations.length > 0) this.failed += 1;
    this.#commits += result.commits;
    this.#crashes += result.crashes;
    this.#steps += result.trace.length;
    this.#deadLetters += result.deadLetters;
    for (const status of result.statuses) count(this.#statuses, status);
    for (const fault of result.faults) count(this.#faults, fault.slice(fault.lastIndexOf('=') + 1));
  }

  summary(): string {
    return [
      `${this.runs} runs, ${this.failed} failed`,
      `${this.#steps} steps, ${this.#commits} turns, ${this.#crashes} crashes, ` +
        `${this.#deadLetters} dead letters`,
      `sagas: ${listed(this.#statuses)}`,
      `faults: ${listed(this.#faults)}`,
    ].join('\n  ');
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, number]) => `${number} ${name}`)
    .join(', ');
}

/** A failing run of the pure core. */
export function coreFailureText(name: string, { fault, records }: CoreResult): string {
  const trail = records.slice(-MAX_STEPS_SHOWN).map(({ event, to }) => `${event} → ${to}`);
  return [`${name}: ${fault ?? 'nothing'}`, ...trail].join('\n  ');
}

/** Counts over many runs of the pure core. */
export class CoreTally {
  runs = 0;
  failed = 0;
  #turns = 0;
  readonly #statuses = new Map<string, number>();

  add({ status, turns, fault }: CoreResult): void {
    this.runs += 1;
    this.#turns += turns;
    if (fault !== null) this.failed += 1;
    count(this.#statuses, status);
  }

  summary(): string {
    const figures = `${this.runs} runs, ${this.failed} failed, ${this.#turns} turns`;
    return `${figures}\n  sagas: ${listed(this.#statuses)}`;
  }
}
