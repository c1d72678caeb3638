/** What an inspector is told of journals that do not replay, and what telling it costs. */
import { expect, it } from 'vitest';
import { STORED_FORMAT } from '../../../src/core/history/stored-format.ts';
import { encodeState } from '../../../src/core/history/codec.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { createRedact } from '../../../src/core/secrets/redact.ts';
import type { JournalRecord } from '../../../src/core/turn/inbound.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { InspectJournal } from '../../../src/server/inspect/inspect-journal.ts';
import type { JournalEntry } from '../../../src/store/read-models.ts';
import { Journaled } from '../../core/history/journaled-saga.ts';
import { BUSY, ORDER } from '../../core/turn/saga-driver.ts';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { tripSaga } from '../../runtime/trip-saga.ts';

const STRANGE = tripSaga as unknown as SagaDefinition;

function lineOf({ inbound, note, ...record }: JournalRecord): JournalEntry {
  const data = JSON.stringify({ inbound, ...(note === undefined ? {} : { note }) });
  const place = { seq: record.sagaSeq, sagaId: 'saga-1', type: 'order' };
  return { ...record, ...place, data, format: STORED_FORMAT };
}

/** Over these lines; `looks`: how often they were read from the start. */
function journalOf(lines: readonly JournalEntry[]) {
  const told = { looks: 0 };
  const read = {
    transitions: () => {
      told.looks += 1;
      return Promise.resolve({ items: lines, nextCursor: null });
    },
  };
  const parts = { read, redact: createRedact(), definitions: () => [] };
  return { told, journal: new InspectJournal(parts as unknown as Backstep) };
}

const paid = () =>
  new Journaled(orderSaga, ORDER)
    .fail('reserveInventory', BUSY)
    .fire('reserveInventory.retry')
    .done('reserveInventory')
    .done('processPayment');

it('reads a journal that does not replay once, not at each of its lines', async () => {
  const lines = paid().journal.map(lineOf);
  const { journal, told } = journalOf(lines);
  for (const line of lines.slice(1)) {
    const { snapshot } = await journal.turn(line, STRANGE);
    expect(snapshot).toMatchObject({ status: 'active', tags: [line.status] });
  }
  expect(told.looks).toBe(1);
});

it('shows a line that nobody can read by its path, and those after it too', async () => {
  const lines = paid().journal.map(lineOf);
  const damaged = lines.map((line) => (line.sagaSeq === 3 ? { ...line, data: '{ damaged' } : line));
  const { journal } = journalOf(damaged);
  const turns = [];
  for (const line of damaged) turns.push(await journal.turn(line, orderSaga));
  expect(turns.map(({ event }) => event.type)).toEqual([
    'xstate.init',
    ...damaged.slice(1).map(({ event }) => event),
  ]);
  expect(turns.map(({ snapshot: { tags } }) => tags.length > 0)).toEqual(turns.map(() => true));
  expect(turns[1]?.snapshot.context).not.toEqual({});
  expect(turns.slice(2).map(({ snapshot }) => snapshot.context)).toEqual([{}, {}, {}]);
});

it('knows the states again from a migration on', async () => {
  const saga = new Journaled(orderSaga, ORDER).done('reserveInventory');
  const [begun, moved] = saga.journal;
  if (begun === undefined || moved === undefined) throw new Error('no journal');
  const before = 'forward.packGoods.running';
  const state = encodeState(saga.state);
  const inbound = { kind: 'migrate', from: 1, to: 2, before, state } as const;
  const migration = { ...moved, cause: 'migrate', event: 'version 2', from: before, inbound };
  saga.done('processPayment');
  const records = [{ ...begun, to: before }, migration as JournalRecord, ...saga.journal.slice(2)];
  const lines = records.map(lineOf);
  const { journal } = journalOf(lines);
  const contexts = [];
  for (const line of lines) contexts.push((await journal.turn(line, orderSaga)).snapshot.context);
  expect(contexts[0]).toEqual({});
  expect(contexts[2]).toEqual(saga.state.snapshot.context);
});
