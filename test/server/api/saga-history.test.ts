import { describe, expect, it } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { STORED_FORMAT } from '../../../src/core/history/stored-format.ts';
import { encodeState } from '../../../src/core/history/codec.ts';
import type { JournalRecord } from '../../../src/core/turn/inbound.ts';
import { createRedact } from '../../../src/core/secrets/redact.ts';
import {
  recordAt,
  SagaHistories,
  type SagaHistory,
  turnAt,
} from '../../../src/server/api/saga-history.ts';
import { fromCursor, toCursor } from '../../../src/store/queries/cursor.ts';
import type { JournalEntry, ReadModels } from '../../../src/store/read-models.ts';
import { Journaled } from '../../core/history/journaled-saga.ts';
import { BUSY, ORDER } from '../../core/turn/saga-driver.ts';

describe('the history of a saga', () => {
  it('is every record and the state after each, and goes on where it ended', async () => {
    const saga = new Journaled(orderSaga, ORDER).fail('reserveInventory', BUSY);
    const journal = new Journal(saga);
    const histories = new SagaHistories(journal, createRedact());
    const first = await histories.of('saga-1', orderSaga);
    expect(first.records).toEqual(saga.journal);
    expect(textAt(first, 2)).toBe(encodeState(saga.state));
    saga.fire('reserveInventory.retry').done('reserveInventory');
    const second = await histories.of('saga-1', orderSaga);
    expect(second.flaw).toBeNull();
    expect(textAt(second, 4)).toBe(encodeState(saga.state));
    expect(turnAt(second, 5)).toBeUndefined();
    expect(journal.asked).toEqual([0, 2]);
  });

  it('lets those who ask at the same time read once after the other', async () => {
    const saga = new Journaled(orderSaga, ORDER).done('reserveInventory');
    const journal = new Journal(saga);
    const histories = new SagaHistories(journal, createRedact());
    const [one, other] = await Promise.all([
      histories.of('saga-1', orderSaga),
      histories.of('saga-1', orderSaga),
    ]);
    expect(one.turns).toHaveLength(2);
    expect(other).toEqual(one);
    expect(journal.asked).toEqual([0, 2]);
  });

  it('has the records without states where the version is not registered', async () => {
    const saga = new Journaled(orderSaga, ORDER).done('reserveInventory');
    const history = await new SagaHistories(new Journal(saga), createRedact()).of(
      'saga-1',
      undefined,
    );
    expect(history.records).toHaveLength(2);
    expect(history.turns).toEqual([]);
    expect(history.flaw).toMatchObject({ sagaSeq: 1 });
  });

  it('goes past a line that cannot be read, and says from where on nothing is known', async () => {
    const saga = new Journaled(orderSaga, ORDER).done('reserveInventory').done('processPayment');
    const histories = new SagaHistories(new Journal(saga, 2), createRedact());
    const history = await histories.of('saga-1', orderSaga);
    expect(history.turns).toHaveLength(1);
    expect(history.flaw?.sagaSeq).toBe(2);
    expect(recordAt(history, 2)).toBeUndefined();
    expect(recordAt(history, 3)?.event).toContain('processPayment');
    expect(await histories.of('saga-1', orderSaga)).toEqual(history);
  });

  it('begins at a migration where the version before does not replay with this one', async () => {
    const [begun] = new Journaled(orderSaga, ORDER).journal;
    const saga = new Journaled(orderSaga, ORDER).done('reserveInventory');
    const before = 'forward.packGoods.running';
    const [, moved] = saga.journal;
    if (begun === undefined || moved === undefined) throw new Error('no journal');
    const state = encodeState(saga.state);
    const migration: JournalRecord = {
      ...moved,
      cause: 'migrate',
      event: 'version 2',
      from: before,
      inbound: { kind: 'migrate', from: 1, to: 2, before, state },
    };
    saga.done('processPayment');
    const records = [{ ...begun, to: before }, migration, ...saga.journal.slice(2)];
    const history = await new SagaHistories(new Journal({ journal: records }), createRedact()).of(
      's',
      orderSaga,
    );
    expect(history.flaw).toBeNull();
    expect(history.records).toHaveLength(3);
    expect(turnAt(history, 1)).toBeUndefined();
    expect(textAt(history, 2)).toBe(state);
    expect(textAt(history, 3)).toBe(encodeState(saga.state));
  });
});

/** The state after a turn, as it would be stored. */
function textAt(history: SagaHistory, seq: number): string {
  const state = turnAt(history, seq)?.state;
  return state === undefined ? '' : encodeState(state);
}

/** A journal as the store gives it; remembers after which record it was asked. */
class Journal implements Pick<ReadModels, 'transitions'> {
  readonly #saga: Pick<Journaled, 'journal'>;
  readonly #damagedSeq: number;
  readonly asked: number[] = [];

  constructor(saga: Pick<Journaled, 'journal'>, damagedSeq = 0) {
    this.#saga = saga;
    this.#damagedSeq = damagedSeq;
  }

  async transitions(_id: string, { limit, cursor }: { limit: number; cursor: string | null }) {
    const after = fromCursor('journal', cursor) ?? 0;
    this.asked.push(after);
    const lines = this.#saga.journal.filter(({ sagaSeq }) => sagaSeq > after);
    const items = lines.slice(0, limit).map((record) => this.#entry(record));
    const last = items.at(-1);
    const hasMore = lines.length > limit && last !== undefined;
    return { items, nextCursor: hasMore ? toCursor('journal', last.sagaSeq) : null };
  }

  #entry({ inbound, note, ...record }: JournalRecord): JournalEntry {
    const data =
      record.sagaSeq === this.#damagedSeq
        ? '{ damaged'
        : JSON.stringify({ inbound, ...(note === undefined ? {} : { note }) });
    const place = { seq: record.sagaSeq, sagaId: 'saga-1', type: 'order' };
    return { ...record, ...place, data, format: STORED_FORMAT };
  }
}
