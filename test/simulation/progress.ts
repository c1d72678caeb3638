/**
 * How far a long simulation is, told now and then, and how fast it was.
 */

const TELL_EVERY_MS = 2_000;

export class Progress {
  readonly #total: number | null;
  readonly #startedMs = Date.now();
  readonly #startedCpu = process.cpuUsage();
  #toldMs = Date.now();

  /** `total`: how many runs there will be, where that is known. */
  constructor(total: number | null = null) {
    this.#total = total;
  }

  tell(done: number, failed: number): void {
    const nowMs = Date.now();
    if (nowMs - this.#toldMs < TELL_EVERY_MS) return;
    this.#toldMs = nowMs;
    const perSecond = Math.round((done * 1_000) / (nowMs - this.#startedMs));
    const total = this.#total;
    const restSeconds = Math.ceil(((total ?? 0) - done) / Math.max(1, perSecond));
    const [of, rest] = total === null ? ['', ''] : [` of ${total}`, `, ${restSeconds} s to go`];
    console.log(`${done}${of} runs, ${failed} failed, ${perSecond} a second${rest}`);
  }

  /** Per minute of a core, so that what else the machine does is left out. */
  rate(done: number): string {
    const { user, system } = process.cpuUsage(this.#startedCpu);
    const cpuMinutes = (user + system) / 60e6;
    const seconds = ((Date.now() - this.#startedMs) / 1_000).toFixed(1);
    return `${Math.round(done / cpuMinutes)} runs a minute and core; ${seconds} s in all`;
  }
}
