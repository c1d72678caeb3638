/** A fixed share of what `npm run mutants -- --crashes` can do. */
import { expect, test } from 'vitest';
import { type Crashed, crashSubject } from './crashes.ts';
import { everyBlock } from './sketch.ts';

const FIRST = 60;
const SAGAS = 13;

test('generated sagas come through a crash at every point, however they are written', async () => {
  const all: Crashed[] = [];
  for (let seed = FIRST; seed < FIRST + SAGAS; seed++) all.push(await crashSubject(seed, 1));
  expect(all.flatMap(({ failure }) => failure ?? [])).toEqual([]);
  expect(new Set(all.map(({ style }) => style)).size).toBe(4);
  const blocks = all.flatMap(({ sketch }) => everyBlock(sketch.blocks).map(({ block }) => block));
  expect(new Set(blocks).size).toBe(7);
  const ends = new Set(all.flatMap(({ report }) => Object.keys(report?.ends ?? {})));
  expect([...ends]).toEqual(expect.arrayContaining(['completed', 'compensated', 'failed']));
  expect(all.reduce((sum, { report }) => sum + (report?.runs ?? 0), 0)).toBeGreaterThan(150);
});
