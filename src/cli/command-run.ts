/**
 * How a command of the program runs: connected where it needs that, its report at hand, its errors
 * told and turned into an exit code in one place.
 */
import type { Command } from 'commander';
import type { BackstepClient } from '../client.ts';
import type { Environment } from '../core/settings.ts';
import { isEnded, needsPerson, type SagaStatus } from '../core/status.ts';
import { connect, type ConnectionOptions } from './connection.ts';
import { Report, tellError, type Terminal } from './terminal.ts';

/** The world around a command line. */
export interface Surroundings {
  readonly env: Environment;
  readonly terminal: Terminal;
  /** Says how the command line ended. */
  exit(code: number): void;
}

/** A connected command at work. */
export interface Running {
  readonly client: BackstepClient;
  readonly report: Report;
  readonly terminal: Terminal;
  readonly env: Environment;
  /** A command of this program as one would type it, with the same server or database. */
  typed(command: string): string;
  /** One that changes something; `null` on a database, which takes no orders. */
  typedOrder(command: string): string | null;
}

type Work<Options> = (
  options: Options,
  operands: readonly string[],
  running: Running,
) => Promise<number>;

/** Makes the work of a command its action; it gives the exit code. */
export function whenConnected<Options extends ConnectionOptions>(
  command: Command,
  { env, terminal, exit }: Surroundings,
  work: Work<Options>,
): void {
  command.action(async () => {
    const options: Options = command.opts();
    const isJson = options.json === true;
    try {
      const { client, again, takesOrders, close } = await connect(options, env);
      try {
        const report = new Report(terminal, isJson);
        const typed = (typedCommand: string): string => `backstep ${typedCommand}${again}`;
        const typedOrder = (order: string): string | null => (takesOrders ? typed(order) : null);
        exit(
          await work(options, command.args, { client, report, terminal, env, typed, typedOrder }),
        );
      } finally {
        await close();
      }
    } catch (error) {
      exit(tellError(terminal, isJson, error));
    }
  });
}

/** The command that tells most of a saga that stands so. */
export function lookAfter(status: SagaStatus): 'why' | 'show' | 'watch' {
  if (needsPerson(status) || status === 'paused') return 'why';
  return isEnded(status) ? 'show' : 'watch';
}
