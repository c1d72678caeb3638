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
  const isTold = process.stderr.isTTY;
  let toldMs = 0;
  for (;;) {
    const step = await work.next();
    if (step.done === true) {
      if (isTold) process.stderr.write('\r\x1b[K');
      return step.value;
    }
    if (!isTold || Date.now() - toldMs < PROGRESS_EVERY_MS) continue;
    toldMs = Date.now();
    process.stderr.write(`\r${textOf(step.value)}\x1b[K`);
  }
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
