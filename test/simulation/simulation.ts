/**
 * One run: real engine processes over a simulated disk, clock and world, moved one step at a time.
 *
 * All work of a step is drained before the next one is chosen, so nothing depends on how fast the
 * machine is. A run has a part with faults, then one without in which everything must come to rest
 * within a bound, then an operator repairs what waits for a person and all is looked at once more.
 */
import { crc32 } from 'node:zlib';
import { isLeftToPerson } from './client.ts';
import type { Disk } from './disk.ts';
import { allQuiet } from './quiet.ts';
import { type RunOptions, Scene } from './scene.ts';
import { drawAction, drawJumpMs, nextActions } from './scheduler.ts';
import type { Violation } from './violation.ts';

/** A step at which a crash makes a difference. */
export interface CrashPoint {
  readonly step: number;
  /** True: a batch was in flight, so that it makes two. */
  readonly isInBatch: boolean;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  /** Every step taken, in words. */
  readonly trace: readonly string[];
  /** Faults that happened, as `name=kind`. */
  readonly faults: readonly string[];
  /** Of a scripted run. */
  readonly crashPoints: readonly CrashPoint[];
  readonly crashes: number;
  readonly commits: number;
  readonly deadLetters: number;
  /** Equal for runs with equal journals. */
  readonly digest: number;
  /** Status of every saga at the end. */
  readonly statuses: readonly string[];
}

/** How long the part with faults lasts, in steps. */
const MIN_CHAOS_STEPS = 40;
const MAX_CHAOS_STEPS = 400;
/** So many of them with nothing under way: enough for who starts or orders something again. */
const MAX_STEPS_AT_REST = 20;
/**
 * Everything must be at rest within this many steps once faults have stopped, and a step for each
 * second that the wall clock was set back.
 */
const MAX_CALM_STEPS = 6_000;
const MAX_DOWNTIME_MS = 400_000;
const MAX_DRAIN_MS = 10_000;
/** How often a person sees to what is left. */
const MAX_REPAIRS = 12;

/** Runs one simulation to its end, or to its first violation. */
export function simulate(options: RunOptions): Promise<RunResult> {
  return new Simulation(options).run();
}

class Simulation {
  readonly #scene: Scene;
  readonly #trace: string[] = [];
  readonly #crashPoints: CrashPoint[] = [];
  #step = 0;
  #setBackMs = 0;
  #mark = '';

  constructor(options: RunOptions) {
    this.#scene = new Scene(options);
  }

  async run(): Promise<RunResult> {
    const scene = this.#scene;
    scene.process.start();
    await this.#drain();
    await this.#chaos();
    scene.calm();
    await this.#comeToRest('after the faults');
    await this.#repair();
    return {
      violations: scene.oracles.violations,
      trace: this.#trace,
      faults: scene.chance.faults,
      crashPoints: this.#crashPoints,
      crashes: scene.crashes,
      commits: scene.disk.lastSeq,
      deadLetters: scene.disk.lettersOpened,
      digest: digestOf(scene.disk),
      statuses: [...scene.disk.sagas.values()].map((saga) => saga.row.status),
    };
  }

  async #chaos(): Promise<void> {
    const scene = this.#scene;
    const { chance } = scene;
    const limit = chance.isOrderly
      ? MAX_CALM_STEPS
      : chance.between('chaos-steps', MIN_CHAOS_STEPS, MAX_CHAOS_STEPS);
    let stepsAtRest = 0;
    for (let count = 0; count < limit && !scene.isViolated; count++) {
      if (scene.isAtRest) stepsAtRest += 1;
      if (stepsAtRest > (chance.isOrderly ? 0 : MAX_STEPS_AT_REST)) return;
      await this.#takeStep();
    }
  }

  async #comeToRest(when: string): Promise<void> {
    const scene = this.#scene;
    const limit = MAX_CALM_STEPS + this.#setBackMs / 1_000;
    for (let count = 0; count < limit && !scene.isViolated; count++) {
      if (scene.isAtRest) return scene.checkRest();
      await this.#takeStep();
    }
    if (!scene.isViolated) scene.oracles.fail('liveness', `not at rest ${when}`);
  }

  /** A person sees to what was given up on, now that nothing fails any more. */
  async #repair(): Promise<void> {
    const { client, oracles, disk, states } = this.#scene;
    // A child that is mended may show its parent that another one cannot be, and a saga that goes on
    // after it was parked may have failed for good before.
    for (let round = 1; round <= MAX_REPAIRS && !this.#scene.isViolated; round++) {
      const { process } = this.#scene;
      if (client.repair(process.engine, process, round) === 0) break;
      await this.#drain();
      await this.#comeToRest('after the repair');
    }
    if (this.#scene.isViolated) return;
    for (const each of disk.sagas.values()) {
      const { row, birth } = each;
      if (isLeftToPerson(states, each)) oracles.fail('repair', `saga ${birth.id} is ${row.status}`);
    }
  }

  async #takeStep(): Promise<void> {
    const scene = this.#scene;
    const { chance, process, oracles } = scene;
    this.#step += 1;
    this.#notePoint();
    const crash = chance.fault(`crash/${this.#step}`, {
      now: 0.008,
      durable: process.store.hasBatch ? 0.03 : 0,
      usurped: 0.003,
    });
    if (crash !== null) this.#crash(crash);
    else this.#act();
    await this.#drain();
    oracles.onStep();
  }

  #act(): void {
    const scene = this.#scene;
    const jumpMs = drawJumpMs(scene, this.#step);
    if (jumpMs !== null) {
      this.#note(`the clock jumps by ${jumpMs} ms`);
      scene.time.jump(jumpMs);
      this.#setBackMs += Math.max(0, -jumpMs);
      return;
    }
    if (scene.chance.fault(`stop/${this.#step}`, { stop: 0.003 }) !== null) {
      const drainMs = scene.chance.between(`drain/${this.#step}`, 0, MAX_DRAIN_MS);
      this.#note(`stop, draining for ${drainMs} ms`);
      scene.process.stop(drainMs);
      return;
    }
    const action = drawAction(scene, nextActions(scene, this.#step), this.#step);
    if (action === undefined) return;
    this.#note(action.name);
    action.run();
  }

  #crash(kind: 'now' | 'durable' | 'usurped'): void {
    const { chance } = this.#scene;
    this.#note(`crash ${kind}`);
    if (kind === 'usurped') return this.#scene.usurp();
    const share = chance.isOrderly ? 0 : chance.fraction(`downtime/${this.#step}`) ** 8;
    this.#scene.crash(kind, Math.floor(share * MAX_DOWNTIME_MS));
  }

  /** A crash where nothing has changed since the last step is no different from one there. */
  #notePoint(): void {
    const { chance, process } = this.#scene;
    if (!chance.isScripted) return; // in a random run chance alone says where to crash
    const { mark } = this.#scene;
    if (mark !== this.#mark && !chance.isCalm) {
      this.#crashPoints.push({ step: this.#step, isInBatch: process.store.hasBatch });
    }
    this.#mark = mark;
  }

  #note(what: string): void {
    this.#trace.push(`${this.#step} +${this.#scene.time.steadyMs}ms ${what}`);
  }

  // The engine has no timers but our clock and no input but our store and world, so all that is
  // left between two steps is promises.
  async #drain(): Promise<void> {
    await allQuiet();
    for (const { store } of [this.#scene.process, ...this.#scene.formerOwners]) store.begin();
  }
}

function digestOf({ journal }: Disk): number {
  return journal.reduce(
    (sum, { sid, atMs, event, to, data }) => crc32(`${sid} ${atMs} ${event} ${to} ${data}`, sum),
    0,
  );
}
