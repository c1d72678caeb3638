/**
 * Programs that are kept together until a stop signal, a refusal to start, or a spent restart
 * budget, and then stop in reverse order of their start.
 */
import { EXIT_FAILED } from './exit-codes.ts';
import type { KeptProgram } from './kept-program.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Starts keeping a program. */
export type Keep = (program: KeptProgram) => void;

/**
 * `start` keeps the programs; `ending` resolves once none is to be started any more. Resolves with
 * the exit code: 0 after a clean stop, else that of the program that ended first.
 */
export async function keepPrograms(
  parentPollMs: number,
  start: (keep: Keep, ending: Promise<null>) => Promise<void>,
): Promise<number> {
  const outcome = Promise.withResolvers<number>();
  const started: KeptProgram[] = [];
  const keep = (program: KeptProgram): void => {
    started.unshift(program);
    void program.keep().then(outcome.resolve);
  };
  // A terminal and npm may both send the signal: a second one changes nothing.
  const onStopSignal = (): void => outcome.resolve(0);
  for (const signal of STOP_SIGNALS) process.on(signal, onStopSignal);
  const parentPoll = watchParent(parentPollMs, () => {
    for (const program of started) program.kill();
  });
  try {
    await start(
      keep,
      outcome.promise.then(() => null),
    );
    const codes = [await outcome.promise];
    for (const program of started) codes.push(await program.stop());
    return codes.find((code) => code !== 0) ?? 0;
  } finally {
    clearInterval(parentPoll);
    for (const signal of STOP_SIGNALS) process.off(signal, onStopSignal);
  }
}

/**
 * When npm is killed nobody passes its end on: the launcher sees another parent, kills the programs
 * and ends. Without npm a launcher may lose its parent and live on (nohup, a daemon).
 */
function watchParent(pollMs: number, killAll: () => void): NodeJS.Timeout | undefined {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => {
    if (process.ppid === parent) return;
    killAll();
    process.exit(EXIT_FAILED);
  }, pollMs).unref();
}
