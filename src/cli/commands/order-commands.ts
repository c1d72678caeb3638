/**
 * `backstep retry`, `skip`, `pause` and the other commands that a saga takes: of one, or of many
 * over a list that is frozen first.
 */
import type { Command } from 'commander';
import { ClientError, type CommandAnswer, type RemoteSaga, type Why } from '../../client.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  type OperatorCommand,
  TAKES_CONTEXT,
  TAKES_STEP,
} from '../../core/turn/inbound.ts';
import { lookAfter, type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServer } from '../connection.ts';
import { EXIT_WELL, UsageError } from '../exit-codes.ts';
import { countValue, jsonValue } from '../option-values.ts';
import { sagaNamed } from '../saga-named.ts';
import { shownText } from '../terminal.ts';
import { addStopCommand, orderMany } from './bulk-order.ts';
import { filterOf, type FilterOptions, withFilters } from './filters.ts';
import { authored } from './start-commands.ts';

export interface OrderOptions extends ConnectionOptions, FilterOptions {
  readonly by: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly expect?: number;
  readonly context?: string;
}

const DESCRIPTIONS: Readonly<Record<CommandName, string>> = {
  retry: 'try again at once what waits, was given up or was parked',
  skip: 'give one step or compensation up and go on',
  'accept-partial': 'end it as it is: give up what is still owed, or not done',
  compensate: 'turn back now',
  'edit-context': 'replace members of the data of a saga that waits, or stands still',
  resume: 'let a paused saga go on from where it stands',
  pause: 'stop a saga where it stands, timers included',
  cancel: 'compensate what is done, as a customer would who cancels',
  terminate: 'stop a saga and compensate nothing',
};
/** What a command does, as a sentence, where nothing is known of the saga that it is ordered of. */
export function generalEffect(name: CommandName): string {
  const description = DESCRIPTIONS[name];
  return `${description.charAt(0).toUpperCase()}${description.slice(1)}.`;
}

/** Looks at one saga before the command is ordered as it stands there. */
const MAX_LOOKS = 3;

/** Adds them to the program. */
export function addOrderCommands(program: Command, surroundings: Surroundings): void {
  for (const name of COMMAND_NAMES) {
    const isForMany = name !== 'edit-context';
    const command = program
      .command(isForMany ? `${name} [saga...]` : `${name} <saga>`)
      .description(DESCRIPTIONS[name]);
    authored(command).option(
      '--expect <seq>',
      'refuse if the saga has moved on from this turn',
      countValue(1),
    );
    if (TAKES_CONTEXT.includes(name)) {
      command.option(
        '--context <json>',
        'members that replace those of its data: JSON, @file or -',
      );
    }
    if (isForMany) {
      withFilters(command).option('--yes', 'do not ask before it is ordered to many');
    }
    if (TAKES_STEP.includes(name)) {
      command.addHelpText(
        'after',
        '\nWith one saga, --step is the step or compensation that is meant.',
      );
    }
    whenConnected<OrderOptions>(onServer(command), surroundings, (options, names, running) =>
      order(name, options, names, running),
    );
  }
  addStopCommand(program, surroundings);
}

async function order(
  command: CommandName,
  options: OrderOptions,
  names: readonly string[],
  running: Running,
): Promise<number> {
  const [name, ...others] = names;
  const filter = filterOf(options);
  if (name !== undefined && others.length === 0) {
    const { step, ...rest } = filter ?? {};
    if (Object.keys(rest).length > 0) throw new UsageError('give a saga or a filter, not both');
    if (step !== undefined && !TAKES_STEP.includes(command)) {
      throw new UsageError(`--step names a step to ${TAKES_STEP.join(' or ')}, not to ${command}`);
    }
    return orderOne(command, options, name, running);
  }
  if (command === 'edit-context') throw new UsageError('say which saga');
  if (options.expect !== undefined || options.context !== undefined) {
    throw new UsageError('--expect and --context are for one saga');
  }
  if (name === undefined) {
    if (filter === null) throw new UsageError(`say which saga to ${command}, or give a filter`);
    return orderMany(command, options, { filter }, running);
  }
  if (filter !== null) throw new UsageError('give sagas or a filter, not both');
  const ids: string[] = [];
  for (const each of names) {
    ids.push((await sagaNamed(running.client, each, running.report, 'changes')).id);
  }
  return orderMany(command, options, { ids }, running);
}

async function orderOne(
  name: CommandName,
  options: OrderOptions,
  named: string,
  running: Running,
): Promise<number> {
  const { client, report, terminal, typed } = running;
  const { by, reason, step, context, dryRun } = options;
  const members =
    context === undefined ? undefined : await jsonValue(context, '--context', terminal);
  if (name === 'edit-context' && members === undefined) {
    throw new UsageError('say with --context which members are to be replaced');
  }
  const command: OperatorCommand = {
    name,
    by,
    ...(reason === undefined ? {} : { reason }),
    ...(step === undefined ? {} : { step }),
    ...(members === undefined ? {} : { context: members as Record<string, unknown> }), // the server looks
  };
  const saga = await sagaNamed(client, named, report, 'changes');
  if (dryRun === true) return orderOnTrial(await saga.why(), command, options.expect, running);
  const answer = await orderedAsItStands(saga, command, options.expect);
  report.answer(answer, () => [
    `${report.strong(answer.id)} took ${name}: ${report.status(answer.status)}, turn ${answer.seq}`,
  ]);
  if (answer.warning !== undefined) report.note(answer.warning);
  report.next(typed(`${lookAfter(answer.status)} ${answer.id}`));
  return EXIT_WELL;
}

/**
 * Orders it of the turn that was seen, so that it may be sent again where an answer is lost. A saga
 * that moves on by itself meanwhile is looked at again, unless the person said which turn is meant.
 */
async function orderedAsItStands(
  saga: RemoteSaga,
  command: OperatorCommand,
  expected: number | undefined,
): Promise<CommandAnswer> {
  for (let looks = 1; ; looks++) {
    const expectedVersion = expected ?? (await saga.why()).seq;
    try {
      return await saga.command(command, { expectedVersion });
    } catch (error) {
      const hasMovedOn = error instanceof ClientError && error.code === 'conflict';
      if (!hasMovedOn || expected !== undefined || looks === MAX_LOOKS) throw error;
    }
  }
}

function orderOnTrial(
  { id, status, seq, may }: Why,
  { name, step, context }: OperatorCommand,
  expected: number | undefined,
  { report }: Running,
): number {
  if (expected !== undefined && expected !== seq) {
    const isNow = `saga ${id} is at version ${seq}, not ${expected}; look at it again`;
    throw new ClientError('conflict', isNow, { status: 409 });
  }
  const choice = may.find(({ command }) => command === name);
  if (choice === undefined) {
    const legal = may.map(({ command }) => command);
    throw new ClientError('not-legal', `saga ${id} takes no ${name} now: it is ${status}`, {
      status: 409,
      legal,
    });
  }
  const { does } = choice;
  report.answer({ dryRun: true, id, command: name, status, does }, () => [
    `would order ${name} of ${id}, which is ${report.status(status)}`,
    shownText(does ?? generalEffect(name)),
  ]);
  if (step !== undefined || context !== undefined) {
    report.note('whether it takes that --step or --context is only looked at when it is ordered');
  }
  return EXIT_WELL;
}
