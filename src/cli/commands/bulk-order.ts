/**
 * One command for many sagas: the list is frozen, shown, agreed to, ordered, and what came of it is
 * told saga by saga.
 */
import type { BulkItem, BulkProgress, ListedSagas, SagaSummary } from '../../client.ts';
import type { CommandName } from '../../core/turn/inbound.ts';
import { columns } from '../columns.ts';
import type { Running } from '../command-run.ts';
import { EXIT_FAILED, EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_WELL, UsageError } from '../exit-codes.ts';
import { counted, sagasText, shareText, withProgress } from '../progress.ts';
import { sagaTable } from './list-commands.ts';

/** Sagas by their ids, or those that match now. */
export type ManySagas = { readonly ids: readonly string[] } | { readonly filter: ListedSagas };

export interface BulkOptions {
  readonly by: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** How often it is asked how far it is. */
const ASK_EVERY_MS = 200;
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
  if (done.failed > 0) return EXIT_FAILED;
  return done.refused > 0 ? EXIT_REFUSED : EXIT_WELL;
}

async function showWhom(command: CommandName, sagas: ManySagas, running: Running): Promise<number> {
  const { client, report } = running;
  const items: SagaSummary[] = [];
  if ('filter' in sagas) {
    for await (const item of client.sagas(sagas.filter)) items.push(item);
  } else {
    for (const id of sagas.ids)
      items.push(...(await client.sagas({ q: id }).page({ limit: 1 })).items);
  }
  report.answer({ dryRun: true, command, total: items.length, items }, () => [
    `would order ${command} of ${sagasText(items.length)}`,
    ...(items.length === 0 ? [] : sagaTable(items.slice(0, MAX_SHOWN), running, Date.now())),
    ...(items.length > MAX_SHOWN ? [`and ${counted(items.length - MAX_SHOWN)} more`] : []),
  ]);
  return items.length === 0 ? EXIT_NOT_FOUND : EXIT_WELL;
}

async function* progressOf(
  bulk: number,
  { client, terminal }: Running,
): AsyncGenerator<BulkProgress, BulkProgress> {
  for (;;) {
    const progress = await client.bulk.find(bulk);
    if (progress.state === 'ended') return progress;
    terminal.interrupted.throwIfAborted();
    yield progress;
    await new Promise((resolve) => {
      setTimeout(resolve, ASK_EVERY_MS);
    });
  }
}

function outcomeText({ taken, refused, failed }: BulkProgress): string {
  return `${counted(taken)} taken, ${counted(refused)} refused, ${counted(failed)} failed`;
}

function outcomeLines(
  done: BulkProgress,
  items: readonly BulkItem[],
  { report }: Running,
): readonly string[] {
  const rows = items.map(({ sagaId, outcome, status, detail }) => [
    sagaId,
    outcome ?? 'pending',
    status ?? '-',
    detail ?? '',
  ]);
  return [
    `list ${done.id}: ${done.command} of ${sagasText(done.total)}, ${outcomeText(done)}`,
    ...columns(['SAGA', 'OUTCOME', 'STATUS', 'WHY NOT'], rows, (cell, column) =>
      column === 2 ? report.status(cell) : cell,
    ),
  ];
}
