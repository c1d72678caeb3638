/**
 * `backstep ls`, `dead-letters` and `stats`: what there is, and what needs a person.
 */
import type { Command } from 'commander';
import type { DeadLetter, List, SagaSummary, Stats } from '../../client.ts';
import { needsPerson, type SagaStatus } from '../../core/status.ts';
import { agoText, columns, spanText } from '../columns.ts';
import { type Running, type Surroundings, whenConnected } from '../command-run.ts';
import { type ConnectionOptions, onServerOrDatabase } from '../connection.ts';
import { EXIT_WELL } from '../exit-codes.ts';
import { countValue } from '../option-values.ts';
import { counted } from '../progress.ts';
import { filterOf, type FilterOptions, typedFilters, withFilters } from './filters.ts';

interface ListOptions extends ConnectionOptions, FilterOptions {
  readonly limit: number;
  readonly all?: boolean;
}

const DEFAULT_LIMIT = 50;

/** Adds them to the program. */
export function addListCommands(program: Command, surroundings: Surroundings): void {
  const ls = onServerOrDatabase(
    bounded(withFilters(program.command('ls').description('list sagas, newest first'))),
  );
  whenConnected<ListOptions>(ls, surroundings, listSagas);
  const letters = onServerOrDatabase(
    bounded(program.command('dead-letters').description('list what needs a person, and why')),
  );
  whenConnected<ListOptions>(letters, surroundings, listLetters);
  const stats = onServerOrDatabase(
    program.command('stats').description('count the sagas, and tell what the server does'),
  );
  whenConnected(stats, surroundings, showStats);
}

function bounded(command: Command): Command {
  return command
    .option('--limit <n>', 'so many at most', countValue(1), DEFAULT_LIMIT)
    .option('--all', 'all of them');
}

async function listSagas(options: ListOptions, _: unknown, running: Running): Promise<number> {
  const { client, report, typed } = running;
  const { items, hasMore } = await taken(client.sagas(filterOf(options) ?? {}), options);
  const nowMs = Date.now();
  report.answer({ items }, () =>
    items.length === 0 ? ['no saga matches'] : sagaTable(items, running, nowMs),
  );
  const person = items.find(({ status, endedAt }) => needsPerson(status) && endedAt === null);
  report.next(
    hasMore ? typed(`ls${typedFilters(options)} --all`) : null,
    person === undefined ? null : typed(`why ${person.id}`),
  );
  return EXIT_WELL;
}

/** Sagas as a table. */
export function sagaTable(
  items: readonly SagaSummary[],
  { report }: Pick<Running, 'report'>,
  nowMs: number,
): readonly string[] {
  const rows = items.map(({ id, key, type, status, step, attempts, updatedAt, error }) => [
    id,
    key ?? '-',
    type,
    status,
    step ?? '-',
    String(attempts),
    agoText(updatedAt, nowMs),
    error ?? '',
  ]);
  const headings = ['ID', 'KEY', 'TYPE', 'STATUS', 'STEP', 'TRIES', 'UPDATED', 'ERROR'];
  return columns(headings, rows, (cell, column) => (column === 3 ? report.status(cell) : cell));
}

async function listLetters(options: ListOptions, _: unknown, running: Running): Promise<number> {
  const { client, report, typed, typedOrder } = running;
  const { items, hasMore } = await taken(client.deadLetters(), options);
  report.answer({ items }, () =>
    items.length === 0 ? ['nothing needs a person'] : letterLines(items, running),
  );
  const [largest] = groupsOf(items);
  const [first] = items;
  report.next(
    hasMore ? typed('dead-letters --all') : null,
    first === undefined ? null : typed(`why ${first.sagaId}`),
    largest === undefined || largest.letters.length < 2
      ? null
      : typedOrder(
          `retry${typedFilters({ ...largest, status: [largest.status], query: largest.code })}`,
        ),
  );
  return EXIT_WELL;
}

interface LetterGroup {
  readonly type: string;
  readonly status: SagaStatus;
  readonly code: string;
  readonly letters: readonly DeadLetter[];
}

// One cause often explains a hundred.
function groupsOf(items: readonly DeadLetter[]): readonly LetterGroup[] {
  const codeOf = ({ error }: DeadLetter): string => error?.code ?? 'unknown';
  const byCause = Map.groupBy(
    items,
    (letter) => `${letter.type} ${letter.status} ${codeOf(letter)}`,
  );
  return [...byCause.values()]
    .flatMap((letters) => {
      const [first] = letters;
      if (first === undefined) return [];
      return [{ type: first.type, status: first.status, code: codeOf(first), letters }];
    })
    .toSorted((one, other) => other.letters.length - one.letters.length);
}

function letterLines(items: readonly DeadLetter[], { report }: Running): readonly string[] {
  const groups = groupsOf(items).map(({ type, status, code, letters }) => [
    counted(letters.length),
    type,
    status,
    code,
    spanText(letters.reduce((oldest, { ageMs }) => Math.max(oldest, ageMs), 0)),
  ]);
  const rows = items.map(({ sagaId, key, type, status, outstanding, maybe, error, ageMs }) => [
    sagaId,
    key ?? '-',
    type,
    status,
    outstanding.join(', ') || '-',
    maybe.join(', ') || '-',
    spanText(ageMs),
    error === null ? '' : `${error.code}: ${error.message}`,
  ]);
  const colour = (at: number) => (cell: string, column: number) =>
    column === at ? report.status(cell) : cell;
  return [
    ...columns(['SAGAS', 'TYPE', 'STATUS', 'ERROR', 'OLDEST'], groups, colour(2)),
    '',
    ...columns(
      ['SAGA', 'KEY', 'TYPE', 'STATUS', 'OWED', 'MAYBE DONE', 'AGE', 'ERROR'],
      rows,
      colour(3),
    ),
  ];
}

async function showStats(
  _: unknown,
  __: unknown,
  { client, report, typed }: Running,
): Promise<number> {
  // Of a database without a server only the sagas are known.
  const stats: Pick<Stats, 'sagas'> & Partial<Stats> = await client.stats();
  const { total, ...byStatus } = stats.sagas;
  const rows = Object.entries(byStatus).map(([status, count]) => [status, counted(Number(count))]);
  const { engine, store } = stats;
  report.answer(stats, () => [
    ...columns(['STATUS', 'SAGAS'], [...rows, ['total', counted(total)]]),
    ...(engine === undefined
      ? []
      : [
          '',
          `${counted(engine.liveActors)} sagas in memory, ${counted(engine.activitiesInFlight)} activities under way`,
        ]),
    ...(store === undefined
      ? []
      : [`${counted(store.commits)} commits in ${counted(store.batches)} batches`]),
  ]);
  const needing = ['compensation_failed', 'failed', 'parked'].some(
    (status) => Number(byStatus[status] ?? 0) > 0,
  );
  report.next(needing ? typed('dead-letters') : null);
  return EXIT_WELL;
}

/** As many as are wanted, and whether there are more. */
async function taken<Item>(
  list: List<Item>,
  { limit, all = false }: ListOptions,
): Promise<{ readonly items: readonly Item[]; readonly hasMore: boolean }> {
  const items: Item[] = [];
  for await (const item of list) {
    if (!all && items.length === limit) return { items, hasMore: true };
    items.push(item);
  }
  return { items, hasMore: false };
}
