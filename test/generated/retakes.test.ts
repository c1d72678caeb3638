/** What `verify` finds in generated sagas is no matter of the core alone: the engine shows it. */
import { expect, test } from 'vitest';
import { memoryDatabases } from '../../src/store/sqlite/memory-store.ts';
import { type RetakenTwice, retakesOf } from './retakes.ts';

const FIRST = 1;
const SAGAS = 8;
const MUTANTS = 2;

test('the real engine shows the harm of a counter-example that the core shows', async () => {
  const makeDatabase = await memoryDatabases();
  const all: RetakenTwice[] = [];
  for (let seed = FIRST; seed < FIRST + SAGAS; seed++) {
    all.push(...(await retakesOf(seed, MUTANTS, makeDatabase)));
  }
  const counts = Object.groupBy(all, ({ engine }) => engine.kind);
  expect((counts.nothing ?? []).map(({ told }) => told)).toEqual([]);
  // A way on which a later timer comes before an earlier one cannot be taken by the clock.
  expect(counts.elsewhere?.length ?? 0).toBeLessThan(all.length / 8);
  const shown = (counts.shown ?? []).map(({ engine }) => engine.kind === 'shown' && engine.what);
  expect(shown.length).toBeGreaterThan(SAGAS);
  for (const sign of [/^parked: /, /^stuck$/, /nobody said so$/, /undoes/]) {
    expect(shown).toContainEqual(expect.stringMatching(sign));
  }
});
