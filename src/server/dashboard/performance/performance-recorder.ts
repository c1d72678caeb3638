/**
 * How the process has been doing over the last minutes: a sample every two seconds, made of the
 * counters that engine and store keep anyway.
 *
 * Must never slow the engine: between two samples it does nothing. Bounded; knows nothing of the
 * time before the process started.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { between, type Distribution, quantileMs } from '../../../core/distribution.ts';
import type { HttpContext } from '../../context.ts';

/** Time between two samples, and how many are kept: five minutes. */
export const SAMPLE_MS = 2_000;
export const MAX_SAMPLES = 150;
const LOOP_RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/** One stretch of time. Durations in milliseconds; `null`: nothing was measured. */
export interface PerformanceSample {
  readonly atMs: number;
  readonly startedPerSecond: number;
  readonly settledPerSecond: number;
  readonly turnsPerSecond: number;
  readonly stepP50Ms: number | null;
  readonly stepP95Ms: number | null;
  readonly stepP99Ms: number | null;
  readonly commitP50Ms: number | null;
  readonly commitP99Ms: number | null;
  readonly turnsPerBatch: number | null;
  readonly mailboxItems: number;
  readonly deepestMailbox: number;
  /** Attempts that wait for a place. */
  readonly activitiesWaiting: number;
  /** How long writes waited for their batch. */
  readonly queueP99Ms: number | null;
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly clients: number;
  /** Slow clients that were sent back to the journal. */
  readonly drops: number;
  /** True when an extension said that something was disturbed on purpose, such as faults. */
  readonly isDisturbed: boolean;
}

interface Counters {
  readonly atMs: number;
  readonly started: number;
  readonly settled: number;
  readonly commits: number;
  readonly batches: number;
  readonly resyncs: number;
  readonly attemptMs: Distribution;
  readonly commitMs: Distribution;
  readonly waitMs: Distribution;
}

type Sources = Pick<HttpContext, 'backstep' | 'clients' | 'extensions' | 'nowMs'>;

export class PerformanceRecorder {
  readonly #sources: Sources;
  readonly #samples: PerformanceSample[] = [];
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #timer: NodeJS.Timeout | undefined;
  #before: Counters;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#before = this.#count();
    this.#loop.enable();
  }

  /** Samples from now on, as long as the process has something else to do. */
  start(): void {
    this.#timer ??= setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#loop.disable();
  }

  /** The oldest first. */
  samples(): readonly PerformanceSample[] {
    return this.#samples;
  }

  /** The 99th percentile of the event loop's delay in the present stretch, in milliseconds. */
  loopP99Ms(): number {
    return loopMs(this.#loop.percentile(99));
  }

  /** Closes the present stretch; the timer's work, callable by tests. */
  sample(): void {
    const { backstep, clients, extensions } = this.#sources;
    const before = this.#before;
    const now = this.#count();
    this.#before = now;
    const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
    const steps = between(before.attemptMs, now.attemptMs);
    const commits = between(before.commitMs, now.commitMs);
    const batches = now.batches - before.batches;
    const figures = backstep.figures();
    this.#samples.push({
      atMs: now.atMs,
      startedPerSecond: (now.started - before.started) / seconds,
      settledPerSecond: (now.settled - before.settled) / seconds,
      turnsPerSecond: (now.commits - before.commits) / seconds,
      stepP50Ms: quantileMs(steps, 0.5),
      stepP95Ms: quantileMs(steps, 0.95),
      stepP99Ms: quantileMs(steps, 0.99),
      commitP50Ms: quantileMs(commits, 0.5),
      commitP99Ms: quantileMs(commits, 0.99),
      turnsPerBatch: batches === 0 ? null : (now.commits - before.commits) / batches,
      mailboxItems: figures.mailboxItems,
      deepestMailbox: figures.deepestMailbox,
      activitiesWaiting: figures.activitiesWaiting,
      queueP99Ms: quantileMs(between(before.waitMs, now.waitMs), 0.99),
      loopP99Ms: this.loopP99Ms(),
      loopMaxMs: loopMs(this.#loop.max),
      clients: clients.figures().clients,
      drops: now.resyncs - before.resyncs,
      isDisturbed: extensions.some((extension) => extension.isDisturbed?.() === true),
    });
    this.#loop.reset();
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  #count(): Counters {
    const { backstep, clients, nowMs } = this.#sources;
    const { startedSagas, settledSagas, attemptMs } = backstep.figures();
    const { commits, batches, commitMs, waitMs } = backstep.store.stats();
    const { resyncs } = clients.figures();
    const engine = { started: startedSagas, settled: settledSagas, attemptMs };
    return { atMs: nowMs(), ...engine, commits, batches, commitMs, waitMs, resyncs };
  }
}

/** The monitor counts its own interval as delay, and has no value before the first one. */
function loopMs(delayNs: number): number {
  const ms = delayNs / NS_PER_MS - LOOP_RESOLUTION_MS;
  return Number.isFinite(ms) && delayNs < 1e15 ? Math.max(0, ms) : 0;
}
