/** Throughput and duration over the last minutes, from what is committed. */
import { expect, test } from 'vitest';
import { BUCKET_MS, Pulse } from '../../../src/server/dashboard/overview/pulse.ts';
import type { SagaStatus } from '../../../src/core/status.ts';
import type { FeedEntry } from '../../../src/store/read-models.ts';

const START_MS = 1_000_000 * BUCKET_MS;

function entry(sagaId: string, atMs: number, status: SagaStatus, cause = 'result'): FeedEntry {
  const place = { seq: 1, sagaSeq: 1, type: 'order', event: 'e', from: null, to: 's' };
  return { ...place, sagaId, atMs, status, cause, kind: 'transition' };
}

test('a bucket that is over tells how many settled a second, and the 95th percentile', () => {
  let nowMs = START_MS;
  const pulse = new Pulse(() => nowMs);
  for (let index = 1; index <= 20; index += 1) {
    pulse.take(entry(`s-${index}`, nowMs, 'running', 'start'));
    pulse.take(entry(`s-${index}`, nowMs + index * 10, 'completed'));
  }
  expect(pulse.beats().at(-1)).toEqual({ settledPerSecond: 0, p95Ms: null });
  nowMs += BUCKET_MS;
  expect(pulse.beats().at(-1)).toEqual({ settledPerSecond: 20_000 / BUCKET_MS, p95Ms: 190 });
  nowMs += BUCKET_MS;
  expect(pulse.beats().slice(-2)).toEqual([
    { settledPerSecond: 20_000 / BUCKET_MS, p95Ms: 190 },
    { settledPerSecond: 0, p95Ms: null },
  ]);
});

test('notes and moves within a saga do not count; what started before is counted unmeasured', () => {
  let nowMs = START_MS;
  const pulse = new Pulse(() => nowMs);
  pulse.take(entry('old', nowMs, 'completed'));
  pulse.take(entry('busy', nowMs, 'running'));
  pulse.take({ ...entry('old', nowMs, 'completed'), kind: 'note' });
  nowMs += BUCKET_MS;
  expect(pulse.beats().at(-1)).toEqual({ settledPerSecond: 1_000 / BUCKET_MS, p95Ms: null });
});

test('five minutes are kept, also when a clock is set back', () => {
  let nowMs = START_MS;
  const pulse = new Pulse(() => nowMs);
  const count = pulse.beats().length;
  expect(count * BUCKET_MS).toBe(300_000);
  for (let index = 0; index < count * 2; index += 1) {
    nowMs += BUCKET_MS;
    pulse.take(entry(`s-${index}`, nowMs, 'completed'));
  }
  nowMs -= 3 * BUCKET_MS;
  pulse.take(entry('late', nowMs, 'completed'));
  nowMs += 4 * BUCKET_MS;
  const rates = pulse.beats().map((beat) => beat.settledPerSecond * (BUCKET_MS / 1_000));
  expect(rates).toEqual([...rates.slice(0, -1).map(() => 1), 2]);
});
