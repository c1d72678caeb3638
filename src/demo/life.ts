/**
 * How the server's process lives: it says when it is a standby, and a stop signal drains it at any
 * time, while it waits for the database too.
 */
import type { ServedBackstep } from '../server.ts';
import type { Backstep } from '../host/backstep.ts';
import type { Logger } from '../host/turn-log.ts';
import type { Rounds } from '../host/upkeep/rounds.ts';
import { EXIT_FAILED } from './exit-codes.ts';

/** How long a start may take before people are told that another process owns the database. */
const STANDBY_TOLD_AFTER_MS = 1_000;

/** Waits for the start, and says where pages are when it must wait for another process to end. */
export async function tellingOfStandby(
  backstep: Backstep,
  url: string,
  starting: Promise<void>,
): Promise<void> {
  const telling = setTimeout(() => {
    if (backstep.health().kind !== 'standby') return;
    process.stdout.write(`Backstep stands by: ${url}/saga\n`);
  }, STANDBY_TOLD_AFTER_MS);
  await starting.finally(() => clearTimeout(telling));
}

/** What a stop ends, in the order in which it does. */
export interface Stopped {
  readonly server: ServedBackstep;
  readonly sweeping: Rounds;
  readonly backstep: Backstep;
  readonly log: Logger;
}

/** Tells whether a signal has come. */
export function stopOnSignal({ server, sweeping, backstep, log }: Stopped): () => boolean {
  let isStopping = false;
  const stop = async (): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    log.info({}, 'draining');
    await server.close();
    // Not awaited before the engine stops: on a stalled disk their last pass ends with the store.
    const others = [sweeping.stop(), server.stop()];
    await backstep.stop();
    await Promise.all(others);
    log.info({}, 'stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop().catch((err: unknown) => {
        log.fatal({ err }, 'the drain failed; nothing accepted is lost');
        process.exit(EXIT_FAILED);
      });
    });
  }
  return () => isStopping;
}
