/** The journal of a saga as its page lists it: bounded, whatever one turn changed. */
import { expect, it } from 'vitest';
import type { SagaHistory } from '../../../src/server/api/saga-history.ts';
import { contextView, type SagaLog, sagaLog } from '../../../src/server/dashboard/saga/saga-log.ts';
import type { SagaState } from '../../../src/core/state.ts';

const stateAt = (seq: number, list: readonly number[]) =>
  ({ seq, snapshot: { context: { list } } }) as unknown as SagaState;

const recordAt = (sagaSeq: number) => ({
  sagaSeq,
  atMs: 0,
  kind: 'transition',
  event: 'more',
  from: 'on',
  to: 'on',
  status: 'running',
  inbound: { kind: 'timer', timer: 'more' },
});

/** Every turn replaces a list of so many numbers. */
function logOf(turns: number, length: number): SagaLog {
  const records = Array.from({ length: turns }, (_, index) => recordAt(index + 1));
  const history = {
    records,
    turns: records.map((record) => ({
      record,
      state: stateAt(
        record.sagaSeq,
        Array.from({ length }, (_, index) => record.sagaSeq * length + index),
      ),
    })),
  };
  return {
    sagaId: 's-1',
    definition: undefined,
    seq: turns,
    lastSeq: 10_000,
    history: history as unknown as SagaHistory,
    turnLink: (seq) => `/sagas/s-1?seq=${seq}`,
  };
}

it('counts all changes of a turn and lists the first of them', async () => {
  const page = String(await sagaLog(logOf(2, 5_000)));
  expect(page).toContain('<summary>5000</summary>');
  expect(page.match(/<code>list\[/g)).toHaveLength(50);
  expect(page).toContain('and 4,950 more');
  const context = String(await contextView(stateAt(2, [1, 2]), stateAt(1, [3, 4])));
  expect(context.match(/<code>list\[/g)).toHaveLength(2);
  expect(context).not.toContain('more');
});

it('says of how many turns it lists some, those that it has not read too', async () => {
  const page = String(await sagaLog(logOf(150, 1)));
  expect(page.replaceAll(/\s+/g, ' ')).toContain('Turns 51 to 150 of 10000');
});
