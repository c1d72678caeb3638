import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  between,
  createDurationCounter,
  NO_DURATIONS,
  octavesOf,
  quantileMs,
} from '../../src/core/distribution.ts';

/** One bucket is the fourth root of two wide. */
const WIDTH = 2 ** (1 / 4);

describe('a quantile of a distribution', () => {
  it('is at most one bucket above the true one, whatever was counted', () => {
    const durations = fc.array(fc.double({ min: 0.2, max: 100_000, noNaN: true }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, quantile) => {
        const counter = createDurationCounter();
        for (const duration of all) counter.note(duration);
        const sorted = all.toSorted((one, other) => one - other);
        const exact = sorted[Math.max(1, Math.ceil(all.length * quantile)) - 1] ?? NaN;
        const found = quantileMs(counter.snapshot(), quantile) ?? NaN;
        expect(found).toBeGreaterThanOrEqual(exact * 0.9999);
        expect(found).toBeLessThanOrEqual(exact * WIDTH * 1.0001);
      }),
    );
  });

  it('is none where nothing was counted', () => {
    expect(quantileMs(NO_DURATIONS, 0.5)).toBeNull();
  });

  it('speaks of one stretch of time only', () => {
    const counter = createDurationCounter();
    for (let index = 0; index < 100; index += 1) counter.note(1);
    const before = counter.snapshot();
    counter.note(64);
    const stretch = between(before, counter.snapshot());
    expect(stretch.total).toBe(1);
    expect(quantileMs(stretch, 0.5)).toBe(64);
  });
});

it('a clock that was set back and a wait for ever are counted, at the ends', () => {
  const counter = createDurationCounter();
  counter.note(-5);
  counter.note(Number.MAX_VALUE);
  expect(counter.snapshot()).toMatchObject({ total: 2 });
  const octaves = octavesOf(counter.snapshot());
  expect(octaves[0]).toEqual({ upToMs: 0.125, count: 1 });
  expect(octaves.at(-1)?.count).toBe(1);
});
