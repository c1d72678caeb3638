/**
 * The sweep over expired reservations: releases those whose saga is over, and raises an alarm for
 * each, because a saga that ended has shipped or released its stock itself.
 *
 * Must never touch the stock of a saga that still goes on: it will do so itself. Invariant: at
 * most one pass runs at a time and each looks at one bounded page; the next pass goes on behind
 * it, so that sagas which go on for long never hide those that are over.
 */
import { releaseStatements } from './inventory.ts';
import { writeAll, type OrderReader, type OrderWriter } from '../order/order-tables.ts';

/** How long the sweep rests between two passes. */
export const SWEEP_INTERVAL_MS = 60_000;

/** Reservations looked at in one pass. */
export const SWEEP_PAGE = 100;

/** What a person should hear of. */
export type SweepAlarm =
  | {
      readonly kind: 'released-expired-reservation';
      readonly reservationId: string;
      readonly sagaId: string;
      readonly orderId: string;
    }
  /** The pass was given up; the next one tries again. */
  | { readonly kind: 'sweep-failed'; readonly cause: unknown };

/** What the sweep needs. */
export interface ReservationSweepOptions {
  readonly reader: OrderReader;
  readonly write: OrderWriter;
  /** True when the saga has ended for good, or does not exist. */
  readonly isSagaOver: (sagaId: string) => Promise<boolean>;
  readonly alarm: (alarm: SweepAlarm) => void;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

interface Position {
  readonly expiresAtMs: number;
  readonly id: number;
}

const START: Position = { expiresAtMs: 0, id: 0 };

/** Whoever owns it says when it sweeps. */
export class ReservationSweep {
  readonly #options: ReservationSweepOptions;
  #running: Promise<number> = Promise.resolve(0);
  #position = START;

  constructor(options: ReservationSweepOptions) {
    this.#options = options;
  }

  /** One pass, behind the one under way. Resolves with the number of releases; never rejects. */
  sweep(): Promise<number> {
    this.#running = this.#running.then(() =>
      this.#pass().catch((cause: unknown) => {
        this.#options.alarm({ kind: 'sweep-failed', cause });
        return 0;
      }),
    );
    return this.#running;
  }

  async #pass(): Promise<number> {
    const { reader, write, isSagaOver, alarm, nowMs } = this.#options;
    const { expiresAtMs, id } = this.#position;
    const expired = await reader
      .selectFrom('inventory_reservations')
      .select(['id', 'reservation_id', 'saga_id', 'order_id', 'expires_at'])
      .where('status', '=', 'held')
      .where('expires_at', '<=', nowMs())
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple('expires_at', 'id'), '>', tuple(expiresAtMs, id)),
      )
      .orderBy('expires_at')
      .orderBy('id')
      .limit(SWEEP_PAGE)
      .execute();
    let releases = 0;
    for (const row of expired) {
      if (!(await isSagaOver(row.saga_id))) continue;
      await writeAll(write, releaseStatements(row.reservation_id, nowMs()));
      releases += 1;
      alarm({
        kind: 'released-expired-reservation',
        reservationId: row.reservation_id,
        sagaId: row.saga_id,
        orderId: row.order_id,
      });
    }
    const last = expired.at(-1);
    const isLastPage = expired.length < SWEEP_PAGE || last === undefined;
    this.#position = isLastPage ? START : { expiresAtMs: last.expires_at ?? 0, id: last.id };
    return releases;
  }
}
