/**
 * Several processes with the same configuration over one database, each started again when it
 * ended, as whoever keeps them does: who owns the database, who can be asked, and blows to them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ParcelProcessSays } from './parcel-process.ts';

const PROGRAM = fileURLToPath(new URL('./parcel-process.ts', import.meta.url));

/** One of them. */
export interface ParcelProcess {
  readonly child: ChildProcess;
  /** `null`: it does not listen yet. */
  url: string | null;
}

export class ParcelProcesses {
  /** What they wrote to their error output, line by line. */
  readonly errors: string[] = [];
  readonly #args: readonly string[];
  #running: readonly ParcelProcess[] = [];
  #owner: ParcelProcess | null = null;
  #isOver = false;
  readonly #lookers = new Set<() => void>();

  /** `count` processes; `effects`: the file that calls of activities are written to. */
  constructor(url: string, effects: string, count: number) {
    this.#args = [url, effects];
    for (let left = count; left > 0; left -= 1) this.#enter();
  }

  /** Who said last that it owns the database; `null` after its end. */
  get owner(): ParcelProcess | null {
    return this.#owner;
  }

  get running(): readonly ParcelProcess[] {
    return this.#running;
  }

  /** Resolves with what `look` finds once it finds something; it looks at every change. */
  until<Found>(look: () => Found | null): Promise<Found> {
    return new Promise((resolve) => {
      const again = (): void => {
        const found = look();
        if (found === null) return;
        this.#lookers.delete(again);
        resolve(found);
      };
      this.#lookers.add(again);
      again();
    });
  }

  /** Resolves with the owner once one owns the database and all of them listen. */
  untilComplete(): Promise<ParcelProcess> {
    return this.until(() => (this.#running.every(({ url }) => url !== null) ? this.#owner : null));
  }

  /** Resolves once another one than that owns the database. */
  untilTakenOver(from: ParcelProcess): Promise<ParcelProcess> {
    return this.until(() => (this.#owner === from ? null : this.#owner));
  }

  /** Ends all of them. */
  async dispose(): Promise<void> {
    this.#isOver = true;
    await Promise.all(
      this.#running.map(async ({ child }) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }

  #enter(): void {
    const child = fork(PROGRAM, this.#args, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.errors.push(line);
        console.error(line);
      });
    }
    const entered: ParcelProcess = { child, url: null };
    child.on('message', (message: ParcelProcessSays) => {
      if (message.kind === 'listening') entered.url = message.url;
      else this.#owner = entered;
      this.#tell();
    });
    child.on('exit', () => {
      this.#running = this.#running.filter((each) => each !== entered);
      if (this.#owner === entered) this.#owner = null;
      if (!this.#isOver) this.#enter();
      this.#tell();
    });
    this.#running = [...this.#running, entered];
  }

  #tell(): void {
    for (const look of this.#lookers) look();
  }
}
