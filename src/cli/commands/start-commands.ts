/**
 * `backstep start`, `again` and `send`: what a person brings in.
 */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { ClientError, type Saga, type StartedSaga } from '../../client.ts';
import { REDACTED } from '../../core/secrets/redact-text.ts';
import { needsPerson } from '../../core/status.ts';
import { lookAfter, type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServer } from '../connection.ts';
import { EXIT_FAILED, EXIT_WELL, UsageError } from '../exit-codes.ts';
import { durationValue, jsonValue, textValue, timeValue } from '../option-values.ts';
import { sagaNamed } from '../saga-named.ts';
import { jsonText, shownText } from '../terminal.ts';

interface StartCommandOptions extends ConnectionOptions {
  readonly input?: string;
  readonly key?: string;
  readonly delay?: `${number}ms`;
  readonly at?: Date;
  readonly wait?: `${number}ms`;
  readonly dryRun?: boolean;
}

interface SendCommandOptions extends ConnectionOptions {
  readonly data?: string;
  readonly eventId?: string;
  readonly by: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

/** Adds them to the program. */
export function addStartCommands(program: Command, surroundings: Surroundings): void {
  const start = starting(program.command('start <type>').description('start a saga'));
  whenConnected<StartCommandOptions>(start, surroundings, async (options, [type = ''], running) => {
    const input =
      options.input === undefined
        ? null
        : await jsonValue(options.input, '--input', running.terminal);
    return startSaga(type, input, options, running);
  });
  const again = starting(
    program.command('again <saga>').description('start a saga again, with the input of this one'),
  );
  whenConnected<StartCommandOptions>(again, surroundings, async (options, [name = ''], running) => {
    const { client, report } = running;
    const saga = await (await sagaNamed(client, name, report, 'changes')).state();
    const input =
      options.input === undefined
        ? inputOf(saga)
        : await jsonValue(options.input, '--input', running.terminal);
    return startSaga(saga.type, input, options, running);
  });
  const send = onServer(
    authored(
      program
        .command('send <saga> <event>')
        .description('send an event, such as an approval')
        .option('--data <json>', 'what it carries: JSON, @file, or - for the input')
        .option('--event-id <id>', 'it is taken once per id (default: a new one)', textValue),
    ),
  );
  whenConnected<SendCommandOptions>(send, surroundings, sendEvent);
}

/** Adds who and why, and the trial. */
export function authored(command: Command): Command {
  return command
    .option('--by <name>', 'who orders it, for the audit', textValue, userName())
    .option('--reason <text>', 'why, for the audit', textValue)
    .option('--dry-run', 'say what would be done, and do nothing');
}

function starting(command: Command): Command {
  return onServer(
    command
      .option('--input <json>', 'its input: JSON, @file, or - for the input')
      .option('--key <key>', 'start key: with it the same start is the same saga', textValue)
      .option('--delay <duration>', 'begin after so long, such as 2h', durationValue)
      .option('--at <time>', 'begin at this time, such as 2030-01-31T08:00:00Z', timeValue)
      .option('--wait <duration>', 'wait until it is settled, so long at most', durationValue)
      .option('--dry-run', 'say what would be started, and start nothing'),
  );
}

async function startSaga(
  type: string,
  input: unknown,
  { key, delay, at, wait, dryRun }: StartCommandOptions,
  { client, report, typed }: Running,
): Promise<number> {
  const options = {
    input,
    ...(key === undefined ? {} : { key }),
    ...(delay === undefined ? {} : { delay }),
    ...(at === undefined ? {} : { startAt: at }),
  };
  if (dryRun === true) {
    const { version } = await client.definition(type);
    report.answer({ dryRun: true, type, version, ...options }, () => [
      `would start ${shownText(type)}, version ${version}, with ${jsonText(input)}`,
    ]);
    report.note('whether its input is taken, and its key is free, shows when it is started');
    return EXIT_WELL;
  }
  const started = await client.spawn(type, options);
  const settled = wait === undefined ? null : await started.settled({ within: wait });
  const status = settled?.status ?? started.status;
  const { id, isNew } = started;
  report.answer(
    { id, type, status, isNew, ...(settled === null ? {} : { outcome: settled }) },
    () => [`${report.strong(id)} ${startWords(started)}: ${report.status(status)}`],
  );
  const isBad = status !== 'removed' && needsPerson(status);
  report.next(status === 'removed' ? null : typed(`${lookAfter(status)} ${id}`));
  return isBad ? EXIT_FAILED : EXIT_WELL;
}

function startWords({ isNew, isRemoved }: StartedSaga): string {
  if (isRemoved) return 'was started with that key, ended and was removed';
  return isNew ? 'is started' : 'was started with that key before';
}

/** The input of a saga. Throws `UsageError` where it is not known as it was. */
function inputOf(saga: Saga): unknown {
  const context = 'unreadable' in saga ? null : saga.context;
  if (context === null || typeof context !== 'object' || !('input' in context)) {
    throw new UsageError(`the input of saga ${saga.id} is not kept; give it with --input`);
  }
  if (JSON.stringify(context.input).includes(REDACTED)) {
    throw new UsageError(`the input of saga ${saga.id} has hidden members; give it with --input`);
  }
  return context.input;
}

async function sendEvent(
  options: SendCommandOptions,
  [name = '', type = '']: readonly string[],
  running: Running,
): Promise<number> {
  const { client, report, typed } = running;
  const data =
    options.data === undefined ? {} : await jsonValue(options.data, '--data', running.terminal);
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    throw new UsageError('--data carries the members of the event: give a JSON object');
  }
  const saga = await sagaNamed(client, name, report, 'changes');
  const { by, reason, eventId, dryRun } = options;
  if (dryRun === true) return sendOnTrial(await saga.state(), type, data, running);
  const answer = await saga.send(
    { ...data, type },
    {
      by,
      ...(reason === undefined ? {} : { reason }),
      ...(eventId === undefined ? {} : { eventId }),
    },
  );
  report.answer(answer, () => [
    `${report.strong(answer.id)} ${answer.isKept ? 'keeps' : 'took'} ${shownText(type)}: ` +
      `${report.status(answer.status)}, turn ${answer.seq}`,
  ]);
  report.next(typed(`${lookAfter(answer.status)} ${answer.id}`));
  return EXIT_WELL;
}

function sendOnTrial(saga: Saga, type: string, data: object, { report }: Running): number {
  const takes = 'unreadable' in saga ? [] : saga.awaiting.events;
  if (!takes.includes(type)) {
    const message = `saga ${saga.id} takes no event "${type}" now`;
    throw new ClientError('not-legal', message, { status: 409, legal: takes });
  }
  report.answer({ dryRun: true, id: saga.id, event: { ...data, type } }, () => [
    `would send ${shownText(type)} to ${saga.id}, with ${jsonText(data)}`,
  ]);
  return EXIT_WELL;
}

/** Who is logged in here. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'backstep'; // a user without a name
  }
}
