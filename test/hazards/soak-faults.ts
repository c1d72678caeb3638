/**
 * The faults of a long run: turns of them, one after the other, and programs that are killed.
 *
 * The launcher brings back what was killed; what was set in it is set again, because it lived in
 * its memory. Invariant: only processes below the given launcher are killed, by their id.
 */
import { childOf, type Program } from '../e2e/processes.ts';
import { serverBelow, type Site, until } from '../e2e/site.ts';

/** Faults that are on together; what is not named is off. */
interface Turn {
  readonly name: string;
  readonly provider?: object;
  readonly activities?: Readonly<Record<string, object>>;
}

const TURNS: readonly Turn[] = [
  { name: 'none' },
  { name: 'slow provider', provider: { latencyMs: 800 } },
  { name: 'failing provider', provider: { failureRate: 0.3 } },
  { name: 'lost answers', provider: { failureRate: 0.3, mode: 'applied-then-lost' } },
  { name: 'none' },
  {
    name: 'failing steps',
    activities: {
      reserveInventory: { failureRate: 0.2 },
      sendConfirmation: { failureRate: 0.2, latencyMs: 200 },
      updateOrder: { failureRate: 0.3, mode: 'permanent' },
    },
  },
  {
    name: 'failing compensations',
    provider: { failureRate: 0.2, mode: 'applied-then-lost' },
    activities: {
      updateOrder: { failureRate: 0.5, mode: 'permanent' },
      releaseInventory: { failureRate: 0.6 },
      refundPayment: { failureRate: 0.4, mode: 'applied-then-lost' },
    },
  },
  { name: 'hanging steps', activities: { processPayment: { failNext: 40, mode: 'hang' } } },
];

const READY = /^Backstep is ready: /;
/** What the launcher says of a program that ended by itself. */
const DEATH = /^backstep: the .* ended with /;

export class SoakFaults {
  readonly #site: Site;
  readonly #launcher: Program;
  #turn: Turn = { name: 'none' };
  #turns = 0;
  /** How often each program was killed. */
  readonly kills = { server: 0, provider: 0 };
  /** The processes that run now. */
  pids: { server: number; provider: number };

  constructor(site: Site, launcher: Program) {
    this.#site = site;
    this.#launcher = launcher;
    this.pids = this.#findPids();
  }

  /** The faults that are on. */
  get now(): string {
    return this.#turn.name;
  }

  /** The next turn begins. */
  async next(): Promise<void> {
    this.#turn = TURNS[this.#turns % TURNS.length] ?? this.#turn;
    this.#turns += 1;
    await this.#apply();
  }

  /** All faults off, for good. */
  async end(): Promise<void> {
    this.#turn = { name: 'none' };
    await until('all faults are off', () => this.#apply());
  }

  async killServer(): Promise<void> {
    this.kills.server += 1;
    const readies = this.#launcher.out.filter((line) => READY.test(line)).length;
    this.pids = this.#findPids();
    process.kill(this.pids.server, 'SIGKILL');
    await this.#launcher.line(READY, readies + 1);
    this.pids = this.#findPids();
    await this.#apply();
  }

  async killProvider(): Promise<void> {
    this.kills.provider += 1;
    this.pids = this.#findPids();
    process.kill(this.pids.provider, 'SIGKILL');
    await until('the provider is back', async () => {
      this.pids = this.#findPids();
      return this.#apply();
    });
  }

  /** False: one of the programs is not there to be told; it is told once it is back. */
  async #apply(): Promise<boolean> {
    const { provider, activities = {} } = this.#turn;
    try {
      await this.#site.clearFaults();
      for (const [name, settings] of Object.entries(activities)) {
        await this.#site.fault(name, settings);
      }
      const [method, body] = provider === undefined ? ['DELETE'] : ['PUT', provider];
      const answer = await this.#site.callProvider(method ?? 'DELETE', '/behaviour', body);
      return answer.status < 300;
    } catch {
      return false;
    }
  }

  #findPids(): { server: number; provider: number } {
    return {
      server: serverBelow(this.#launcher),
      provider: childOf(this.#launcher.pid, 'provider'),
    };
  }
}

/** Deaths in a launcher's log that are none of the kills that were ordered, in words. */
export function deathsBeside(ordered: number, log: readonly string[]): readonly string[] {
  const deaths = log.filter((line) => DEATH.test(line));
  const others = deaths.filter((line) => !line.includes('SIGKILL'));
  const kills = deaths.length - others.length;
  return [
    ...others,
    ...(kills === ordered ? [] : [`${kills} programs were killed, ${ordered} of them here`]),
  ];
}
