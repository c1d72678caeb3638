/**
 * One command for many sagas: the list is frozen, shown, agreed to, ordered, and what came of it is
 * told saga by saga.
 */
import type { Command } from 'commander';
import type { BulkItem, BulkProgress, ListedSagas, SagaSummary } from '../../client.ts';
import type { CommandName } from '../../core/turn/inbound.ts';
import { columns } from '../columns.ts';
import { type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { onServer } from '../connection.ts';
import { EXIT_FAILED, EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_WELL, UsageError } from '../exit-codes.ts';
import { askedUntilOver, counted, sagasText, shareText, withProgress } from '../progress.ts';
import { sagaTable } from './list-commands.ts';

/** Sagas by their ids, or those that match now. */
export type ManySagas = { readonly ids: readonly string[] } | { readonly filter: ListedSagas };

export interface BulkOptions {
  readonly by: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Adds `stop` to the program. */
export function addStopCommand(program: Command, surroundings: Surroundings): void {
  const stop = onServer(
    program
      .command('stop <list>')
      .description('stop a command to many sagas: those whose turn has not come are left alone'),
  );
  whenConnected(stop, surroundings, async (_, [list = ''], { client, report }) => {
    if (!/^\d{1,12}$/.test(list)) throw new UsageError('a list is named by its number');
    const stopped = await client.bulk.stop(Number(list));
    report.answer(stopped, () => [endText(stopped)]);
    return EXIT_WELL;
  });
}

/** Sagas that are shown before it is ordered. */
const MAX_SHOWN = 10;

/** Orders it. Gives the exit code. */
export async function orderMany(
  command: Exclude<CommandName, 'edit-context'>,
  { by, reason, dryRun = false, yes = false }: BulkOptions,
  sagas: ManySagas,
  running: Running,
): Promise<number> {
  const { client, report, terminal, typed } = running;
  if (dryRun) return showWhom(command, sagas, running);
  if (!yes && !terminal.isInteractive) {
    throw new UsageError(
      `${command} of many sagas: add --yes to order it, or --dry-run to see which`,
    );
  }
  const why = reason === undefined ? {} : { reason };
  const frozen = await client.bulk.freeze({ command, by, ...why, ...sagas });
  if (frozen.total === 0) {
    report.answer({ ...frozen, sagas: [] }, () => ['no saga matches; nothing was ordered']);
    return EXIT_NOT_FOUND;
  }
  const question = `${command} ${sagasText(frozen.total)} (list ${frozen.id})?`;
  if (!yes && !(await terminal.ask(question))) {
    report.note('nothing was ordered');
    return EXIT_WELL;
  }
  await client.bulk.start(frozen.id);
  const done = await withProgress(progressOf(frozen.id, running), (progress) =>
    shareText(progress.total - progress.pending, progress.total, outcomeText(progress)),
  );
  const items: BulkItem[] = [];
  for await (const item of client.bulk.sagas(frozen.id)) items.push(item);
  report.answer({ ...done, sagas: items }, () => outcomeLines(done, items, running));
  report.next(
    done.refused + done.failed > 0 ? typed('dead-letters') : typed('stats'),
    items[0] === undefined ? null : typed(`history ${items[0].sagaId}`),
  );
  if (done.failed + done.pending > 0) return EXIT_FAILED;
  return done.refused > 0 ? EXIT_REFUSED : EXIT_WELL;
}

async function showWhom(command: CommandName, sagas: ManySagas, running: Running): Promise<number> {
  const { client, report } = running;
  const items: SagaSummary[] = [];
  if ('filter' in sagas) {
    for await (const item of client.sagas(sagas.filter)) items.push(item);
  } else {
    for (const id of sagas.ids) items.push(...(await summaryOf(id, client)));
  }
  const shown = items.slice(0, MAX_SHOWN);
  const refusing = report.isJson ? [] : await refusingOf(command, shown, running);
  const ended = items.filter(({ endedAt }) => endedAt !== null).length;
  report.answer({ dryRun: true, command, total: items.length, items }, () => [
    `would order ${command} of ${sagasText(items.length)}`,
    ...(items.length === 0 ? [] : sagaTable(shown, running, Date.now())),
    ...(items.length > MAX_SHOWN ? [`and ${counted(items.length - MAX_SHOWN)} more`] : []),
    ...refusing,
    ...(ended === 0 ? [] : [`${counted(ended)} of them ended, and would refuse it`]),
  ]);
  return items.length === 0 ? EXIT_NOT_FOUND : EXIT_WELL;
}

/** What its id begins as well, such as its children, is not meant. */
async function summaryOf(saga: string, client: Running['client']): Promise<readonly SagaSummary[]> {
  for await (const item of client.sagas({ q: saga })) if (item.id === saga) return [item];
  return [];
}

/** Of sagas in flight those that would refuse it as they stand, each with what it takes. */
async function refusingOf(
  command: CommandName,
  shown: readonly SagaSummary[],
  { client }: Running,
): Promise<readonly string[]> {
  const lines = shown
    .filter(({ endedAt }) => endedAt === null)
    .map(async ({ id }) => {
      const legal = (await client.saga(id).why()).may.map((choice) => choice.command);
      if (legal.includes(command)) return [];
      return [`${id} would refuse it: it takes ${legal.join(', ') || 'no command'}`];
    });
  return (await Promise.all(lines)).flat();
}

function progressOf(
  bulk: number,
  { client, terminal, typed }: Running,
): AsyncGenerator<BulkProgress, BulkProgress> {
  return askedUntilOver({
    ask: () => client.bulk.find(bulk),
    isOver: ({ state }) => state === 'ended',
    interrupted: terminal.interrupted,
    goesOn:
      `the server goes on with list ${bulk}, and its page /bulk/${bulk} tells what comes of it; ` +
      `"${typed(`stop ${bulk}`)}" stops it`,
  });
}

function outcomeText({ taken, refused, failed }: BulkProgress): string {
  return `${counted(taken)} taken, ${counted(refused)} refused, ${counted(failed)} failed`;
}

function endText(done: BulkProgress): string {
  const left = done.pending === 0 ? '' : `, ${counted(done.pending)} left alone`;
  return `list ${done.id}: ${done.command} of ${sagasText(done.total)}, ${outcomeText(done)}${left}`;
}

function outcomeLines(
  done: BulkProgress,
  items: readonly BulkItem[],
  { report }: Running,
): readonly string[] {
  const rows = items.map(({ sagaId, outcome, status, detail }) => [
    sagaId,
    outcome ?? 'left alone',
    status ?? '-',
    detail ?? '',
  ]);
  return [
    endText(done),
    ...columns(
      ['SAGA', 'OUTCOME', 'STATUS', 'WHY NOT'],
      rows,
      (cell, column) => (column === 2 ? report.status(cell) : cell),
      Infinity,
    ),
  ];
}
