/**
 * Runs work that tells how far it is, and shows that on a terminal: on the error output, so that
 * what is printed stays the result alone.
 */

/** How often progress is shown. */
const PROGRESS_EVERY_MS = 200;

/** The result of the work. */
export async function withProgress<Progress, Result>(
  work: AsyncGenerator<Progress, Result>,
  textOf: (progress: Progress) => string,
): Promise<Result> {
  const line = progressLine(textOf);
  for (;;) {
    const step = await work.next();
    if (step.done === true) {
      line.end();
      return step.value;
    }
    line.show(step.value);
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
      process.stderr.write(`\r${textOf(progress)}\x1b[K`);
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
