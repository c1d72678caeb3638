import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonDifference } from '../../../src/server/dashboard/saga/json-difference.ts';

describe('the difference of two JSON values', () => {
  it('names each member that was changed, added or removed', () => {
    const before = { input: { id: 'a' }, owed: ['x', 'y'], attempt: 1, gone: null };
    const after = { input: { id: 'a' }, owed: ['x'], attempt: 2, results: { x: { n: 1 } } };
    expect(jsonDifference(before, after)).toEqual([
      { path: 'owed[1]', before: 'y', after: undefined },
      { path: 'attempt', before: 1, after: 2 },
      { path: 'gone', before: null, after: undefined },
      { path: 'results', before: undefined, after: { x: { n: 1 } } },
    ]);
  });

  it('shows a value whole that changed its kind', () => {
    expect(jsonDifference({ a: [1] }, { a: { 0: 1 } })).toEqual([
      { path: 'a', before: [1], after: { 0: 1 } },
    ]);
    expect(jsonDifference(1, 'one')).toEqual([{ path: '', before: 1, after: 'one' }]);
  });

  it('does not take what every object has for a member', () => {
    expect(jsonDifference({ constructor: 1 }, {})).toEqual([
      { path: 'constructor', before: 1, after: undefined },
    ]);
  });

  it('is empty exactly when the two are equal', () => {
    const json = fc.jsonValue({ maxDepth: 3 }).map((value): unknown => clone(value));
    fc.assert(
      fc.property(json, json, (one, other) => {
        expect(jsonDifference(one, clone(one))).toEqual([]);
        const isEqual = isDeepEqual(one, other);
        expect(jsonDifference(one, other).length === 0).toBe(isEqual);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

function clone(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function isDeepEqual(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}
