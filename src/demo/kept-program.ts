/**
 * A program that runs as a process of its own and is started again when it dies.
 *
 * It must never restart without a bound: a spent budget or a refusal to start ends it for good.
 * Invariant: at most one process of the program runs at a time, and it has a channel to this one,
 * whose closing tells it to end.
 */
import { EXIT_FAILED, EXIT_REFUSED, EXIT_TAKEN_OVER } from './exit-codes.ts';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const MAX_RESTART_DELAY_MS = 5_000;

export interface RestartBudget {
  /** Restarts within `restartWindowMs`; the death after them is the last one. */
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
  /** Before the first restart; doubled with each one in the window, up to 5 s. */
  readonly restartDelayMs: number;
}

export interface KeptProgramOptions {
  /** For messages, with its article: "the server". */
  readonly name: string;
  readonly start: () => ChildProcess;
  readonly budget: RestartBudget;
  /** From SIGTERM to SIGKILL. */
  readonly stopLimitMs: number;
  /** Whether exit code 0 without a `stop` is an end too, and not a death. */
  readonly mayFinish: boolean;
}

export class KeptProgram {
  readonly #options: KeptProgramOptions;
  readonly #stopping = new AbortController();
  /** Resolved when a pause ends; `null`: it is not paused. */
  #pause: PromiseWithResolvers<void> | null = null;
  /** The process was killed for a pause: its death says nothing. */
  #isPausedDeath = false;
  #child: ChildProcess | undefined;
  #ended: Promise<number> = Promise.resolve(0);

  constructor(options: KeptProgramOptions) {
    this.#options = options;
  }

  /**
   * Starts the program. Resolves once it will not run again: 0 after a clean end, `EXIT_REFUSED`,
   * or `EXIT_FAILED` when its budget is spent or it did not stop cleanly.
   */
  keep(): Promise<number> {
    this.#ended = this.#run();
    return this.#ended;
  }

  /** Asks the program to end, kills it after its stop limit, and resolves as `keep` does. */
  async stop(): Promise<number> {
    const { name, stopLimitMs } = this.#options;
    this.#stopping.abort();
    this.resume();
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => {
      say(`${name} did not stop in ${stopLimitMs} ms and is killed`);
      this.kill();
    }, stopLimitMs);
    const code = await this.#ended;
    clearTimeout(timer);
    return code;
  }

  /** Ends the process at once and starts none until `resume`; costs nothing of the budget. */
  pause(): void {
    this.#pause ??= Promise.withResolvers();
    this.#isPausedDeath = true;
    this.kill();
  }

  /** Ends a pause. Idempotent. */
  resume(): void {
    this.#pause?.resolve();
    this.#pause = null;
  }

  /** Ends the process at once. Without a `stop` before, this is a death like any other. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async #run(): Promise<number> {
    const { name, budget, mayFinish, start } = this.#options;
    let restartTimesMs: number[] = [];
    for (;;) {
      await this.#pause?.promise;
      if (this.#stopping.signal.aborted) return 0;
      this.#isPausedDeath = false;
      this.#child = start();
      const exit = await exitOf(this.#child);
      // What was taken over has a successor: nothing of its work is left behind.
      const isExpected = this.#isPausedDeath || isCleanStop(exit) || exit === EXIT_TAKEN_OVER;
      if (this.#stopping.signal.aborted) return isExpected ? 0 : EXIT_FAILED;
      if (this.#isPausedDeath) continue;
      if (exit === 0 && mayFinish) return 0;
      if (exit === EXIT_REFUSED) return EXIT_REFUSED;
      if (exit === EXIT_TAKEN_OVER) {
        // Its successor is at work, so this is no crash, and costs nothing of the budget.
        say(`${name} lost the database to another process and starts again`);
        await this.#wait(budget.restartDelayMs);
        continue;
      }

      const nowMs = performance.now();
      restartTimesMs = restartTimesMs.filter((atMs) => nowMs - atMs < budget.restartWindowMs);
      if (!(await this.#waitToRestart(exit, restartTimesMs.length))) return EXIT_FAILED;
      if (this.#stopping.signal.aborted) return 0;
      restartTimesMs.push(performance.now());
    }
  }

  /** False, at once, when the budget is spent; else true after the delay or at a stop. */
  async #waitToRestart(exit: Exit, restarts: number): Promise<boolean> {
    const { name, budget } = this.#options;
    const death = `${name} ended with ${typeof exit === 'number' ? `code ${exit}` : exit}`;
    const within = `within ${budget.restartWindowMs / 1_000} s`;
    if (restarts >= budget.maxRestarts) {
      say(`${death}; giving up after ${budget.maxRestarts} restarts ${within}`);
      return false;
    }
    const delayMs = Math.min(budget.restartDelayMs * 2 ** restarts, MAX_RESTART_DELAY_MS);
    say(`${death}; restart ${restarts + 1} of ${budget.maxRestarts} ${within}, in ${delayMs} ms`);
    await this.#wait(delayMs);
    return true;
  }

  /** Rejects never: who waits looks whether a stop cut it short. */
  async #wait(delayMs: number): Promise<void> {
    await sleep(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

/** One line to the person who started the launcher; standard output belongs to the server. */
export function say(message: string): void {
  process.stderr.write(`backstep: ${message}\n`);
}

/** An exit code, or the signal that ended the process. */
type Exit = number | NodeJS.Signals;

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? EXIT_FAILED));
    child.on('error', (error) => {
      say(error.message);
      // Without a process there is no exit to wait for.
      if (child.pid === undefined) resolve(EXIT_FAILED);
    });
  });
}

/** SIGTERM ends a program that had no time yet to listen for it: also a clean stop. */
function isCleanStop(exit: Exit): boolean {
  return exit === 0 || exit === 'SIGTERM';
}
