/**
 * `backstep show`, `why`, `history` and `watch`: one saga, and what it does.
 */
import type { Command } from 'commander';
import type { FeedMessage, FeedRestored, Saga, Transition, Why } from '../../client.ts';
import { isEnded, isSettled, needsPerson, type SagaStatus } from '../../core/status.ts';
import { agoText, columns, facts } from '../columns.ts';
import { type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServer, onServerOrSagas } from '../connection.ts';
import { EXIT_FAILED, EXIT_WELL } from '../exit-codes.ts';
import { statusValues, textValue } from '../option-values.ts';
import { sagaNamed } from '../saga-named.ts';
import { jsonText, shownText } from '../terminal.ts';
import { generalEffect } from './order-commands.ts';

/** Adds them to the program. */
export function addLookCommands(program: Command, surroundings: Surroundings): void {
  const ofSaga = (name: string, description: string): Command =>
    onServerOrSagas(program.command(`${name} <saga>`).description(description));
  whenConnected(
    ofSaga('show', 'show where a saga stands: its steps, its data, what may be done'),
    surroundings,
    show,
  );
  whenConnected(
    ofSaga('why', 'say why a saga stands where it stands, what is owed, what one may do'),
    surroundings,
    why,
  );
  whenConnected(
    ofSaga('history', 'print the journal of a saga: every turn, and who ordered it'),
    surroundings,
    history,
  );
  const watch = onServer(
    program
      .command('watch [saga]')
      .description('print transitions as they are committed; of one saga, until it is settled')
      .option('--type <type>', 'of this type', textValue)
      .option('--status <status>', 'that lead to this status', statusValues)
      .option('--since <cursor>', 'from after this cursor on; 0: from the beginning', textValue),
  );
  whenConnected<WatchOptions>(watch, surroundings, watchTransitions);
}

async function show(_: unknown, [name = '']: readonly string[], running: Running): Promise<number> {
  const { client, report, typed } = running;
  const saga = await (await sagaNamed(client, name, report, 'reads')).state();
  report.answer(saga, () => sagaLines(saga, running));
  report.next(typed(`why ${saga.id}`), typed(`history ${saga.id}`));
  return EXIT_WELL;
}

function sagaLines(saga: Saga, { report }: Running): readonly string[] {
  const nowMs = Date.now();
  const head: [string, string | null][] = [
    ['saga', report.strong(saga.id)],
    ['key', shown(saga.key)],
    ['type', shownText(`${saga.type}, version ${saga.version}`)],
    ['status', report.status(saga.status)],
    ['state', shown(saga.state)],
    ['started', `${saga.startedAt}, ${agoText(saga.startedAt, nowMs)}`],
    ['updated', `${saga.updatedAt}, ${agoText(saga.updatedAt, nowMs)}`],
    ['ended', saga.endedAt],
  ];
  if ('unreadable' in saga) return facts([...head, ['unreadable', shownText(saga.unreadable)]]);
  const { steps, failureReason, parkReason, context, legalCommands, awaiting, seq } = saga;
  const rows = steps.map(({ name, kind, status, attempts, error, compensation }) => [
    name,
    kind,
    status,
    String(attempts),
    compensation === null ? '-' : `${compensation.name} ${compensation.status}`,
    reasonText(compensation?.error ?? error),
  ]);
  return [
    ...facts([
      ...head,
      ['failed with', failureReason === null ? null : shownText(reasonText(failureReason))],
      ['parked for', parkReason === null ? null : shownText(reasonText(parkReason))],
      ['takes', shown(awaiting.events.join(', '))],
      ['may', legalCommands.join(', ')],
      ['seq', String(seq)],
      ['context', jsonText(context)],
    ]),
    '',
    ...columns(
      ['STEP', 'KIND', 'STATUS', 'TRIES', 'COMPENSATION', 'ERROR'],
      rows,
      (cell, column) => (column === 2 ? report.status(cell) : cell),
    ),
  ];
}

async function why(_: unknown, [name = '']: readonly string[], running: Running): Promise<number> {
  const { client, report, typed, typedOrder } = running;
  const reasons = await (await sagaNamed(client, name, report, 'reads')).why();
  report.answer(reasons, () => whyLines(reasons, running));
  const [event] = reasons.waitsFor.filter(({ kind }) => kind === 'event');
  // Of a paused one only `resume` is left by these.
  const isStopped = needsPerson(reasons.status) || reasons.status === 'paused';
  report.next(
    ...reasons.may
      .filter(({ command }) => isStopped && command !== 'edit-context' && command !== 'terminate')
      .map(({ command }) => typedOrder(`${command} ${reasons.id}`)),
    event === undefined ? null : typedOrder(`send ${reasons.id} ${event.name}`),
    typed(`history ${reasons.id}`),
  );
  return EXIT_WELL;
}

function whyLines(reasons: Why, { report }: Running): readonly string[] {
  const { status, since, next, lastTurn, failure, lastError, may } = reasons;
  const nowMs = Date.now();
  const isOver = isEnded(status) || may.length === 0;
  const does = may.map(({ command, does: effect }) => [command, effect ?? generalEffect(command)]);
  return [
    ...facts([
      ['saga', `${report.strong(reasons.id)} ${shownText(`${reasons.type} ${reasons.key ?? ''}`)}`],
      ['status', `${report.status(status)}, since ${since}, ${agoText(since, nowMs)}`],
      ['now', shownText(next)],
      ['came here', lastTurn === null ? null : shownText(turnText(lastTurn))],
      ['failed with', failure === null ? null : shownText(reasonText(failure))],
      ['last error', lastError === null ? null : shownText(lastErrorText(lastError))],
      ['done', shown(reasons.done.join(', '))],
      ['maybe done', shown(reasons.maybe.join(', '))],
      ['compensated', shown(reasons.compensated.join(', '))],
      [
        isOver
          ? 'left'
          : needsPerson(status) || status === 'compensating'
            ? 'owed'
            : 'owed if it turns back',
        shown(reasons.outstanding.join(', ')),
      ],
    ]),
    ...(does.length === 0
      ? []
      : ['', ...columns(['YOU MAY', 'WHICH DOES'], does, undefined, Infinity)]),
  ];
}

async function history(
  _: unknown,
  [name = '']: readonly string[],
  running: Running,
): Promise<number> {
  const { client, report, typed } = running;
  const saga = await sagaNamed(client, name, report, 'reads');
  const items: Transition[] = [];
  for await (const item of saga.history()) items.push(item);
  report.answer({ items }, () => historyLines(items, running));
  report.next(typed(`why ${saga.id}`));
  return EXIT_WELL;
}

function historyLines(items: readonly Transition[], { report }: Running): readonly string[] {
  const rows = items.map(({ seq, at, event, from, to, status, by, reason, note }) => [
    String(seq),
    at,
    event,
    from === to ? to : `${from ?? ''} → ${to}`,
    status,
    [by === undefined ? '' : `by ${by}`, reason ?? '', note ?? '']
      .filter((part) => part !== '')
      .join(': '),
  ]);
  return columns(['SEQ', 'AT', 'EVENT', 'STATE', 'STATUS', 'WHO AND WHY'], rows, (cell, column) =>
    column === 4 ? report.status(cell) : cell,
  );
}

interface WatchOptions extends ConnectionOptions {
  readonly type?: string;
  readonly status?: readonly SagaStatus[];
  readonly since?: string;
}

async function watchTransitions(
  { type, status = [], since }: WatchOptions,
  [name]: readonly string[],
  running: Running,
): Promise<number> {
  const { client, report, terminal } = running;
  const signal = terminal.interrupted;
  const onReconnect = (error: unknown): void =>
    report.note(`${error instanceof Error ? error.message : String(error)}; trying again`);
  const isWanted = (message: FeedMessage): boolean =>
    status.length === 0 || status.includes(message.status);
  const place = since === undefined ? {} : { since };
  if (name === undefined) {
    const filter = type === undefined ? {} : { type };
    for await (const message of client.follow({ ...place, ...filter, signal, onReconnect })) {
      if (message.kind === 'resync' || isWanted(message)) tellTransition(message, running);
    }
    return EXIT_WELL;
  }
  const saga = await sagaNamed(client, name, report, 'reads');
  // From its beginning, so that nothing falls between a look and the feed; what is old is left out.
  let { seq, status: standing } = await saga.state();
  if (!report.isJson) report.note(`saga ${saga.id} is ${standing}, turn ${seq}`);
  if (!isSettled(standing)) {
    for await (const message of saga.follow({ since: since ?? '0', signal, onReconnect })) {
      if (message.kind === 'resync') {
        tellTransition(message, running);
        continue;
      }
      if (since === undefined && message.seq <= seq) continue;
      ({ seq, status: standing } = message);
      if (isWanted(message)) tellTransition(message, running);
      if (isSettled(standing)) break;
    }
  }
  report.next(needsPerson(standing) ? running.typed(`why ${saga.id}`) : null);
  return needsPerson(standing) ? EXIT_FAILED : EXIT_WELL;
}

function tellTransition(message: FeedMessage | FeedRestored, { report }: Running): void {
  report.line(message, () => {
    if (message.kind === 'resync') return 'the database was replaced by an older one';
    const { time, saga, type, event, from, to, status } = message;
    const way = from === to ? to : `${from ?? ''} → ${to}`;
    return `${time}  ${shownText(`${saga}  ${type}  ${event}`)}  ${shownText(way)}  ${report.status(status)}`;
  });
}

function turnText({
  seq,
  at,
  event,
  from,
  to,
  by,
  reason,
  note,
}: NonNullable<Why['lastTurn']>): string {
  const way = from === null || from === to ? `in ${to}` : `from ${from} to ${to}`;
  const who = by === undefined ? '' : `, by ${by}${reason === undefined ? '' : ` (${reason})`}`;
  return `turn ${seq} at ${at}: ${event}, ${way}${who}${note === undefined ? '' : `; ${note}`}`;
}

function lastErrorText({
  activity,
  attempts,
  at,
  error,
  mayHaveHappened,
}: NonNullable<Why['lastError']>): string {
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  const doubt = mayHaveHappened ? '; it may have had its effect' : '';
  return `${activity}, ${tries}${at === null ? '' : `, until ${at}`}: ${reasonText(error)}${doubt}`;
}

function reasonText(error: { readonly code: string; readonly message: string } | null): string {
  return error === null ? '' : `${error.code}: ${error.message}`;
}

function shown(text: string | null): string | null {
  return text === null ? null : shownText(text);
}
