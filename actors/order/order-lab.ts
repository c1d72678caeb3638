/**
 * What the fault lab asks of the participants: an order in all of their books, its own list of
 * tries, and the faults that no activity can cause by itself.
 *
 * Must never write to a participant's tables. Invariant: the list of tries is bounded.
 */
import type { Kysely } from 'kysely';
import type { Faults } from '../faults/faults.ts';
import { chargeKeyOf, type OrderTables, type OrderWriter, writeAll } from './order-tables.ts';
import { chargeAtProvider, findChargeAtProvider } from '../payment/payment-client.ts';
import { askProvider } from '../payment/provider-answer.ts';

/** Tries that are kept, the newest ones. */
const MAX_RUNS = 1_000;
/** Longest wait for the provider. */
const PROVIDER_TIMEOUT_MS = 1_000;

/** The demo's tables and the lab's own. */
export interface LabTables extends OrderTables {
  lab_runs: {
    id: number;
    scenario: string;
    order_id: string;
    note: string;
    started_at: number;
  };
}

/** Reads of the demo's tables and of the lab's. */
export type LabReader = Pick<Kysely<LabTables>, 'selectFrom'>;

/** What the lab needs. */
export interface OrderLabOptions {
  readonly reader: LabReader;
  readonly write: OrderWriter;
  readonly providerUrl: string;
  readonly faults: Pick<Faults, 'breakOrder' | 'mendOrder'>;
  /** One pass of the reservation sweep, by a clock that is past every expiry. */
  readonly sweepAfterExpiry: () => Promise<unknown>;
  /** Tells the launcher; `null`: there is none. */
  readonly tellLauncher: ((message: string) => void) | null;
  /** Whether the provider was started by the launcher. */
  readonly ownsProvider: boolean;
}

/** The lab's side of the demo. */
export function createOrderLab(options: OrderLabOptions) {
  const { reader, write, providerUrl, faults, sweepAfterExpiry, tellLauncher } = options;
  return {
    breakOrder: (orderId: string, broken: Readonly<Record<string, object>>) =>
      faults.breakOrder(orderId, broken),
    mendOrder: (orderId: string) => faults.mendOrder(orderId),
    books: (orderId: string, sagaId: string) => booksOf(reader, providerUrl, orderId, sagaId),
    noteRun: ({ scenario, orderId, note, startedAtMs }: Run) =>
      writeAll(write, [
        {
          sql: 'INSERT INTO lab_runs (scenario, order_id, note, started_at) VALUES ($1, $2, $3, $4)',
          parameters: [scenario, orderId, note, startedAtMs],
        },
        {
          sql: 'DELETE FROM lab_runs WHERE id <= (SELECT max(id) FROM lab_runs) - $1',
          parameters: [MAX_RUNS],
        },
      ]),
    noteSeen: (orderId: string, note: string) =>
      writeAll(write, [
        { sql: 'UPDATE lab_runs SET note = $1 WHERE order_id = $2', parameters: [note, orderId] },
      ]),
    latestRuns: () => latestRuns(reader),
    crashesSince: (timeMs: number) => crashesSince(reader, timeMs),
    sweepAfterExpiry: async () => void (await sweepAfterExpiry()),
    chargeLate: (orderId: string, sagaId: string) =>
      chargeLate(reader, providerUrl, orderId, sagaId),
    provider:
      options.ownsProvider && tellLauncher !== null
        ? {
            isRunning: () => answers(`${providerUrl}/health`),
            stop: () => tellLauncher('stop payment provider'),
            start: () => tellLauncher('start payment provider'),
          }
        : null,
    isKept: tellLauncher !== null,
  };
}

async function booksOf(reader: LabReader, providerUrl: string, orderId: string, sagaId: string) {
  const statusesIn = async (
    table: 'inventory_reservations' | 'payments' | 'notifications',
  ): Promise<readonly string[]> => {
    const query = reader.selectFrom(table).select('status').where('order_id', '=', orderId);
    return (await query.execute()).map(({ status }) => status);
  };
  const [reservations, charges, mails, order, provider] = await Promise.all([
    statusesIn('inventory_reservations'),
    statusesIn('payments'),
    statusesIn('notifications'),
    reader.selectFrom('orders').select('status').where('order_id', '=', orderId).executeTakeFirst(),
    bookedAt(providerUrl, chargeKeyOf(sagaId)),
  ]);
  return { reservations, charges, mails, order: order?.status ?? null, provider };
}

type Run = Awaited<ReturnType<typeof latestRuns>>[number];

async function latestRuns(reader: LabReader) {
  const rows = await reader
    .selectFrom('lab_runs')
    .select(['scenario', 'order_id', 'note', 'started_at'])
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('lab_runs as newest')
        .select(({ fn }) => fn.max<number>('newest.id').as('id'))
        .groupBy('newest.scenario'),
    )
    .execute();
  return rows.map(({ scenario, order_id: orderId, note, started_at: startedAtMs }) => ({
    scenario,
    orderId,
    note,
    startedAtMs,
  }));
}

async function crashesSince(reader: LabReader, timeMs: number): Promise<number> {
  const row = await reader
    .selectFrom('lab_runs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('scenario', 'in', ['crash', 'process-dies'])
    .where('started_at', '>=', timeMs)
    .executeTakeFirst();
  return row?.count ?? 0;
}

/** The charge as it was, or as it would have been; the provider's answer in words. */
async function chargeLate(
  reader: LabReader,
  providerUrl: string,
  orderId: string,
  sagaId: string,
): Promise<string> {
  const row = await reader
    .selectFrom('payments')
    .select(['amount_minor', 'currency', 'payment_method'])
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  const request = {
    orderId,
    amountMinor: row?.amount_minor ?? 100,
    currency: row?.currency ?? 'EUR',
    method: row?.payment_method ?? 'credit_card',
  };
  const signal = AbortSignal.timeout(PROVIDER_TIMEOUT_MS);
  try {
    const { transactionId } = await chargeAtProvider(
      providerUrl,
      chargeKeyOf(sagaId),
      request,
      signal,
    );
    return `charged as ${transactionId}`;
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function bookedAt(
  providerUrl: string,
  key: string,
): Promise<'nothing' | 'charged' | 'refunded' | null> {
  try {
    const signal = AbortSignal.timeout(PROVIDER_TIMEOUT_MS);
    const charge = await findChargeAtProvider(providerUrl, key, signal);
    if (charge === null) return 'nothing';
    return charge.isRefunded ? 'refunded' : 'charged';
  } catch {
    return null; // down: its books cannot be read just now
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PROVIDER_TIMEOUT_MS);
    return (await askProvider(url, { signal })).status === 200;
  } catch {
    return false; // refused, or no answer in time: it does not run
  }
}
