/**
 * Runs work that tells how far it is, and shows that on a terminal: on the error output, so that
 * what is printed stays the result alone.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** How often progress is shown, and a server asked for it. */
const PROGRESS_EVERY_MS = 200;
const ASK_EVERY_MS = 200;
/** How many times what an answer takes passes before the next one is asked for. */
const REST_SHARE = 10;

/** The result of the work. */
export async function withProgress<Progress, Result>(
  work: AsyncGenerator<Progress, Result>,
  textOf: (progress: Progress) => string,
): Promise<Result> {
  const line = progressLine(textOf);
  try {
    for (;;) {
      const step = await work.next();
      if (step.done === true) return step.value;
      line.show(step.value);
    }
  } finally {
    line.end();
  }
}

/** Work of a server, and whoever waits for it. */
export interface ServersWork<Progress> {
  ask(): Promise<Progress>;
  isOver(progress: Progress): boolean;
  /** Ends the wait, and never the work. */
  readonly interrupted: AbortSignal;
  /** What becomes of the work then, said to whoever interrupted: a part of a sentence. */
  readonly goesOn: string;
}

/** How far it is, asked again and again until it is over. Throws where that is interrupted. */
export async function* askedUntilOver<Progress>({
  ask,
  isOver,
  interrupted,
  goesOn,
}: ServersWork<Progress>): AsyncGenerator<Progress, Progress> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {}); // it may be interrupted when nobody waits any more
  const stop = (): void => reject(new Error(`interrupted; ${goesOn}`));
  if (interrupted.aborted) stop();
  interrupted.addEventListener('abort', stop, { once: true });
  for (;;) {
    const askedAtMs = performance.now();
    const progress = await Promise.race([stopped, ask()]);
    const tookMs = performance.now() - askedAtMs;
    if (isOver(progress)) return progress;
    yield progress;
    await Promise.race([stopped, pause(Math.max(ASK_EVERY_MS, REST_SHARE * tookMs))]);
  }
}

/** A line that is overwritten, not oftener than a person can read it; none without a terminal. */
export function progressLine<Progress>(textOf: (progress: Progress) => string): {
  show(progress: Progress): void;
  end(): void;
} {
  const isTold = process.stderr.isTTY;
  let toldMs = 0;
  return {
    show(progress) {
      if (!isTold || Date.now() - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = Date.now();
      // One that is wider than the terminal would leave a line behind each time.
      const text = textOf(progress).slice(0, Math.max(0, process.stderr.columns - 1));
      process.stderr.write(`\r${text}\x1b[K`);
    },
    end() {
      if (isTold) process.stderr.write('\r\x1b[K');
    },
  };
}

/** `12 of 40 sagas (30%), 2 found`. */
export function shareText(done: number, total: number, found: string): string {
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  return `${counted(done)} of ${counted(total)} sagas (${share}%), ${found}`;
}

/** A number as people read it. */
export function counted(count: number): string {
  return count.toLocaleString('en');
}

/** So many sagas, `1 saga` among them. */
export function sagasText(count: number): string {
  return `${counted(count)} ${count === 1 ? 'saga' : 'sagas'}`;
}
