/** Where a turn led, as a line of the journal says it, however wide the saga is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { statePath, wayBetween, withInner } from '../../../src/core/machine/state-path.ts';

/** So many branches side by side, those named in the state `at`. */
function wide(branches: number, at: Record<number, string> = {}): object {
  const regions = Array.from({ length: branches }, (_, nth) => [`b${nth}`, at[nth] ?? 'running']);
  return { all: Object.fromEntries(regions) as object };
}

describe('the way of a turn', () => {
  test('names every region of a saga that has few', () => {
    expect(wayBetween(wide(2), wide(2, { 1: 'done' }))).toEqual({
      from: 'all.b0.running + all.b1.running',
      to: 'all.b0.running + all.b1.done',
    });
    expect(wayBetween(null, 'booking')).toEqual({ from: null, to: 'booking' });
  });

  test('names the regions that changed of a saga that has many, and counts the others', () => {
    expect(wayBetween(wide(100), wide(100, { 7: 'done' }))).toEqual({
      from: 'all.b7.running + 99 more',
      to: 'all.b7.done + 99 more',
    });
  });

  test('names the first of many that all changed', () => {
    const names = [0, 1, 2, 3, 4, 5, 6, 7].map((nth) => `all.b${nth}.running`).join(' + ');
    expect(wayBetween('booking', wide(100))).toEqual({ from: 'booking', to: `${names} + 92 more` });
    expect(wayBetween(wide(100), 'completed')).toEqual({
      from: `${names} + 92 more`,
      to: 'completed',
    });
    expect(wayBetween(null, wide(9))).toEqual({ from: null, to: `${names} + 1 more` });
  });

  test('names the first of many of which none changed', () => {
    const { from, to } = wayBetween(wide(20), wide(20));
    expect(to).toBe(from);
    expect(to).toMatch(/ \+ all\.b7\.running \+ 12 more$/);
  });

  test('says as much of a saga of a thousand branches as of one of ten', () => {
    const length = (branches: number): number =>
      wayBetween(wide(branches), wide(branches, { 3: 'done' })).to.length;
    expect(length(1_000) - length(10)).toBe(2);
  });
});

// Regions of regions, some without a state in them, as values have them.
const regions = fc.letrec<{ value: object | string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('on', 'off'),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), tie('value'), { maxKeys: 5 }),
  ),
})).value;

/** As a set of paths says it. */
function pathOfChanged(value: unknown, other: unknown): string {
  const [paths, others] = [statePath(value).split(' + '), statePath(other).split(' + ')];
  const changed = paths.filter((path) => !others.includes(path));
  const named = (changed.length > 0 ? changed : paths).slice(0, 8);
  const more = paths.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(' + ');
}

test('what changed is what the paths of one have and those of the other lack', () => {
  const both = fc.tuple(regions, regions, regions, regions);
  fc.assert(
    fc.property(both, ([one, other, inner, another]) => {
      const rest = wide(12, { 3: 'done' });
      const before = { one, all: rest, inner };
      const after = withInner({ one: other, all: rest, inner: 'x' }, 'inner', another);
      const { from, to } = wayBetween(before, after);
      expect(from).toBe(pathOfChanged(before, after));
      expect(to).toBe(pathOfChanged(after, before));
    }),
    { seed: 20_261_201, numRuns: 2_000 },
  );
});

test('a whole path names every region', () => {
  expect(statePath(wide(20)).split(' + ')).toHaveLength(20);
});
