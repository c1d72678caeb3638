/** The small queues of the runtime against simple models. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DueHeap } from '../../../src/runtime/outside/due-heap.ts';
import { Feed } from '../../../src/host/feed.ts';
import { Mailbox } from '../../../src/runtime/actor/mailbox.ts';
import { RestartBudget } from '../../../src/runtime/actor/restart-budget.ts';
import type { FeedEntry } from '../../../src/store/read-models.ts';

describe('due times', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set'), sid: fc.nat(20), dueMs: fc.nat(100) }),
    fc.record({ kind: fc.constant('delete'), sid: fc.nat(20), dueMs: fc.constant(0) }),
    fc.record({ kind: fc.constant('take'), sid: fc.constant(0), dueMs: fc.nat(100) }),
  );

  test('come out earliest first, each saga once, with its latest due time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const heap = new DueHeap();
        const model = new Map<number, number>();
        for (const { kind, sid, dueMs } of steps) {
          if (kind === 'set') {
            heap.set(sid, dueMs);
            model.set(sid, dueMs);
          } else if (kind === 'delete') {
            heap.delete(sid);
            model.delete(sid);
          } else {
            const taken = heap.takeDue(dueMs);
            const earliest = Math.min(...model.values());
            if (earliest > dueMs) expect(taken).toBeNull();
            else expect(model.get(taken ?? -1)).toBe(earliest);
            if (taken !== null) model.delete(taken);
          }
          expect(heap.size).toBe(model.size);
        }
      }),
    );
  });

  test('of sagas that ended early do not pile up', () => {
    const heap = new DueHeap();
    for (let sid = 0; sid < 100_000; sid++) {
      heap.set(sid, 1e12 + sid);
      heap.delete(sid);
    }
    expect(heap.size).toBe(0);
    expect(heap.earliestMs === Infinity || heap.takeDue(2e12) === null).toBe(true);
  });
});

describe('a mailbox', () => {
  test('gives back what was put, in order, and refuses external items beyond its bound', () => {
    const mailbox = new Mailbox<number>(3, (item) => item > 0);
    for (const item of [1, -1, 2, -2, 3]) mailbox.put(item);
    expect(() => mailbox.put(4)).toThrow('too many events wait');
    mailbox.put(-3);
    expect(mailbox.take()).toBe(1);
    mailbox.putBack(1);
    const rest = Array.from({ length: 6 }, () => mailbox.take());
    expect(rest).toEqual([1, -1, 2, -2, 3, -3]);
    expect(mailbox.take()).toBeUndefined();
  });

  test('stays in order over many more items than it holds', () => {
    const mailbox = new Mailbox<number>(1, () => false);
    mailbox.put(0);
    for (let item = 1; item < 10_000; item++) {
      mailbox.put(item);
      expect(mailbox.take()).toBe(item - 1);
    }
    expect(mailbox.size).toBe(1);
  });
});

test('the feed sends lines in order of their seq whatever order they come in', () => {
  const seqs = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 8 });
  fc.assert(
    fc.property(seqs, (order) => {
      const sent: number[] = [];
      const feed = new Feed(() => {});
      feed.subscribe((entry) => sent.push(entry.seq));
      feed.subscribe(() => {
        throw new Error('a listener that fails harms nobody');
      });
      for (const seq of order) feed.publish({ seq } as FeedEntry);
      expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }),
  );
});

test('a restart budget is spent by failures within the period, and fills again', () => {
  const budget = new RestartBudget(2, 1_000);
  expect(budget.fail(1, 0)).toEqual({ failures: 1, isSpent: false });
  expect(budget.fail(1, 500)).toEqual({ failures: 2, isSpent: false });
  expect(budget.fail(2, 500).isSpent).toBe(false);
  expect(budget.fail(1, 900)).toEqual({ failures: 3, isSpent: true });
  expect(budget.fail(1, 950).failures).toBe(1);
  expect(budget.fail(1, 5_000).failures).toBe(1);
});
