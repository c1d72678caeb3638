import { describe, expect, it } from 'vitest';
import { orderSaga } from '../fixtures/order-saga.ts';
import { timelineOf, type TimelineStretch } from '../../src/explain/timeline.ts';
import { Journaled } from '../core/history/journaled-saga.ts';
import { BUSY, ORDER, REFUSED } from '../core/turn/saga-driver.ts';

describe('the timeline of a saga', () => {
  it('has every attempt and every delay, from its beginning to what ended it', () => {
    const saga = new Journaled(orderSaga, ORDER)
      .fail('reserveInventory', BUSY)
      .fire('reserveInventory.retry')
      .done('reserveInventory');
    const story = storyOf(saga);
    expect(story.map(inShort)).toEqual([
      'attempt reserveInventory 1 failed',
      'delay reserveInventory passed',
      'attempt reserveInventory 2 done',
      'attempt processPayment 1 open',
    ]);
    const [first, delay, second] = story;
    expect([first?.fromMs, first?.toMs]).toEqual([1_000_000, 1_001_000]);
    expect([delay?.fromMs, delay?.toMs]).toEqual([first?.toMs, second?.fromMs]);
    expect(first).toMatchObject({ error: { code: 'busy' }, dispatches: 1 });
  });

  it('tells a time-out from what the saga left behind', () => {
    const timedOut = new Journaled(orderSaga, ORDER).fire('reserveInventory.timeout');
    expect(inShort(storyOf(timedOut)[0])).toBe('attempt reserveInventory 1 timed-out');
    const left = new Journaled(orderSaga, ORDER).take({
      kind: 'command',
      command: { name: 'cancel' },
    });
    expect(storyOf(left).map(inShort)).toEqual([
      'attempt reserveInventory 1 left',
      'attempt releaseInventory 1 open',
    ]);
  });

  it('counts the starts of one attempt, and shows where a person was waited for', () => {
    const saga = new Journaled(orderSaga, ORDER);
    const token = saga.state.live.activities['reserveInventory']?.token ?? 0;
    saga
      .take({ kind: 'interrupted', activity: 'reserveInventory', token })
      .done('reserveInventory')
      .fail('processPayment', REFUSED)
      .fail('releaseInventory', REFUSED)
      .take({ kind: 'command', command: { name: 'retry' } });
    expect(storyOf(saga).map(inShort)).toEqual([
      'attempt reserveInventory 1 done',
      'attempt processPayment 1 failed',
      'attempt releaseInventory 1 failed',
      'still compensation_failed passed',
      'attempt releaseInventory 2 open',
    ]);
    expect(storyOf(saga)[0]).toMatchObject({ dispatches: 2 });
  });
});

function storyOf(saga: Journaled): readonly TimelineStretch[] {
  const { turns, flaw } = saga.replayed();
  expect(flaw).toBeNull();
  return timelineOf(turns);
}

function inShort(stretch: TimelineStretch | undefined): string {
  const end = stretch?.end ?? 'open';
  switch (stretch?.kind) {
    case 'attempt':
      return `attempt ${stretch.activity} ${stretch.attempt} ${end}`;
    case 'delay':
      return `delay ${stretch.activity} ${end}`;
    case 'still':
      return `still ${stretch.status} ${end}`;
    case undefined:
      return 'nothing';
  }
}
