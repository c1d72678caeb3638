/**
 * What must hold over all orders, whatever failed on the way.
 *
 * Must never repair anything: it tells. Invariant: `stock` and `reservations` hold after every
 * commit; those with `isExactAtRestOnly` may be off while sagas are under way, and must hold once
 * none is.
 */
import type { OrderReader } from './order-tables.ts';
import { askProvider } from '../payment/provider-answer.ts';

/** Longest wait for the provider's books. */
const PROVIDER_TIMEOUT_MS = 2_000;

/** One statement about the whole system. */
export interface OrderInvariant {
  readonly name: string;
  readonly statement: string;
  /** Null: it could not be told, because the provider did not answer. */
  readonly holds: boolean | null;
  readonly expected: number | null;
  readonly actual: number | null;
  /** What the figures count; money is in minor units. */
  readonly unit: 'pieces' | 'money';
  /** Of money; `null`: in several, or none so far. */
  readonly currency: string | null;
  readonly isExactAtRestOnly: boolean;
}

const PIECES = { unit: 'pieces', currency: null } as const;

interface Books {
  readonly charged: number;
  readonly refunded: number;
  readonly charges: number;
  readonly refunds: number;
}

/**
 * Checks all of them. Reads whole tables: for tests and a page that a person asked for, not for a
 * timer. Never throws because of the provider.
 */
export async function checkOrderInvariants(
  reader: OrderReader,
  providerUrl: string,
): Promise<readonly OrderInvariant[]> {
  // The provider's books first: what is recorded after them can only be newer.
  const provider = await readBooks(providerUrl);
  const own = await ownBooks(reader);
  const confirmed = await confirmedTotal(reader);
  const net = provider === null ? null : provider.charged - provider.refunded;
  const books = 'payments agree with the provider on';
  const money = (...args: Parameters<typeof atRest>): OrderInvariant => {
    return { ...atRest(...args), unit: 'money', currency: own.currency };
  };
  return [
    ...(await stockInvariants(reader)),
    money('money', 'charged - refunded at the provider = sum of confirmed orders', confirmed, net),
    money('charged', `${books} the sum charged`, provider?.charged ?? null, own.charged),
    money('refunded', `${books} the sum refunded`, provider?.refunded ?? null, own.refunded),
    atRest('charges', `${books} the number of charges`, provider?.charges ?? null, own.charges),
    atRest('refunds', `${books} the number of refunds`, provider?.refunds ?? null, own.refunds),
  ];
}

async function stockInvariants(reader: OrderReader): Promise<readonly OrderInvariant[]> {
  // One statement, so that all figures are of the same moment.
  const rows = await reader
    .selectFrom('products')
    .select((eb) => [
      ...(['product_id', 'initial', 'on_hand', 'reserved', 'shipped'] as const),
      ...(['held', 'shipped'] as const).map((status) =>
        eb
          .selectFrom('inventory_reservations as reservations')
          .select((sub) => sub.cast<number | null>(sub.fn.sum('quantity'), 'bigint').as('quantity'))
          .whereRef('reservations.product_id', '=', 'products.product_id')
          .where('reservations.status', '=', status)
          .as(`sum_${status}` as const),
      ),
    ])
    .orderBy('product_id')
    .execute();
  return rows.flatMap((row) => {
    const { product_id: product, initial, on_hand, reserved, shipped } = row;
    const stock = on_hand + reserved + shipped;
    return [
      always(`stock-${product}`, 'initial = on hand + reserved + shipped', initial, stock),
      always(`held-${product}`, 'reserved = held reservations', row.sum_held ?? 0, reserved),
      always(`shipped-${product}`, 'shipped = shipped reservations', row.sum_shipped ?? 0, shipped),
    ];
  });
}

async function ownBooks(
  reader: OrderReader,
): Promise<Books & { readonly currency: string | null }> {
  const rows = await reader
    .selectFrom('payments')
    .select((eb) => [
      'status',
      eb.fn.countAll<number>().as('count'),
      eb.cast<number>(eb.fn.sum('amount_minor'), 'bigint').as('amount'),
    ])
    .groupBy('status')
    .execute();
  const currencies = await reader.selectFrom('payments').select('currency').distinct().execute();
  const refunded = rows.find((row) => row.status === 'refunded');
  return {
    charged: rows.reduce((sum, row) => sum + row.amount, 0),
    refunded: refunded?.amount ?? 0,
    charges: rows.reduce((sum, row) => sum + row.count, 0),
    refunds: refunded?.count ?? 0,
    currency: currencies.length === 1 ? (currencies[0]?.currency ?? null) : null,
  };
}

async function confirmedTotal(reader: OrderReader): Promise<number> {
  const row = await reader
    .selectFrom('orders')
    .select((eb) => eb.cast<number | null>(eb.fn.sum('amount_minor'), 'bigint').as('amount'))
    .where('status', '=', 'confirmed')
    .executeTakeFirst();
  return row?.amount ?? 0;
}

async function readBooks(providerUrl: string): Promise<Books | null> {
  try {
    const signal = AbortSignal.timeout(PROVIDER_TIMEOUT_MS);
    const { status, body } = await askProvider(`${providerUrl}/ledger/summary`, { signal });
    return status === 200 && isBooks(body) ? body : null;
  } catch {
    return null; // down or slow: the invariants about it cannot be told just now
  }
}

function isBooks(answer: unknown): answer is Books {
  if (answer === null || typeof answer !== 'object') return false;
  const figures = ['charged', 'refunded', 'charges', 'refunds'];
  return figures.every((name) => Number.isInteger(Reflect.get(answer, name)));
}

function always(name: string, statement: string, expected: number, actual: number): OrderInvariant {
  const holds = expected === actual;
  return { name, statement, holds, expected, actual, ...PIECES, isExactAtRestOnly: false };
}

function atRest(
  name: string,
  statement: string,
  expected: number | null,
  actual: number | null,
): OrderInvariant {
  const holds = expected === null || actual === null ? null : expected === actual;
  return { name, statement, holds, expected, actual, ...PIECES, isExactAtRestOnly: true };
}
