/**
 * The order demo as the HTTP layer sees it: the port that the composition root fills.
 *
 * Must never know tables or participants. Invariant: rows are ready to be sent, as their schemas say:
 * names as in the tables (snake_case), times ISO 8601 UTC with milliseconds, money as decimal text
 * (`"12.50"`).
 */
import type { z } from 'zod';
import type { Invariant } from '../../server/dashboard/services/invariants.ts';
import type { Page, Paged } from '../../store/read-models.ts';
import type * as answers from './order-answers.ts';

/** The saga type that the demo starts. */
export const ORDER_SAGA = 'order';

/** A body that was accepted. */
export interface ParsedOrder {
  /** The input of the order saga. */
  readonly input: unknown;
  /** The start key: the order's id. */
  readonly key: string;
}

/** Stock, and the newest reservations, bounded. */
export type Inventory = z.output<typeof answers.InventoryAnswer>;
export type InventoryRow = Inventory['items'][number];

/** All charges and refunds together; money as decimal text. */
export interface PaymentTotals {
  readonly charges: number;
  readonly charged: string;
  readonly refunds: number;
  readonly refunded: string;
  readonly net: string;
  /** Of all of them; `null`: in several, or none so far. */
  readonly currency: string | null;
}

/** A statement about the order demo. */
export interface OrderInvariant extends Omit<Invariant, 'isSettling'> {
  /** True: it may be off while sagas are under way. */
  readonly isExactAtRestOnly: boolean;
}

/** What the routes and the page of the demo need. Lists are newest first. */
export interface OrderDemo {
  /** What `parseOrder` checks bodies with, for the OpenAPI document. Default: any object. */
  readonly orderBody?: z.ZodType;
  /**
   * Checks a body of `POST /saga/execute` (snake_case, see the contract). Throws `input-invalid`
   * with every issue: `isTypeError` for a missing or wrong type, else out of range.
   */
  parseOrder(body: Readonly<Record<string, unknown>>): Promise<ParsedOrder>;
  /** ISO 4217: what the amounts of `parseOrder` are in. */
  readonly currency: string;
  inventory(): Promise<Inventory>;
  payments(page: Page): Promise<Paged<z.output<typeof answers.PaymentRow>>>;
  paymentTotals(): Promise<PaymentTotals>;
  notifications(page: Page): Promise<Paged<z.output<typeof answers.NotificationRow>>>;
  orders(page: Page): Promise<Paged<z.output<typeof answers.OrderRow>>>;
  /** May be slow: reads whole tables and asks the provider. */
  invariants(): Promise<readonly OrderInvariant[]>;
}
