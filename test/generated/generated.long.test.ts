/** A fixed share of what `npm run mutants` can do, and what makes its score worth believing. */
import { beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { BUILDER_MISTAKES } from './builder-mistakes.ts';
import { harmIn } from './judge.ts';
import { mutate, MUTATIONS } from './mutations.ts';
import { Dice } from './dice.ts';
import { Score } from './score.ts';
import { subjectOf } from './subject.ts';

const FIRST = 41;
const SAGAS = 24;
const MUTANTS = 2;
const PATIENCE_MS = 120_000;

describe('verify, over random sagas and mistakes in them,', () => {
  const score = new Score();

  beforeAll(() => {
    for (let seed = FIRST; seed < FIRST + SAGAS; seed++) score.add(seed, MUTANTS);
  }, PATIENCE_MS);

  test('accuses no sound saga, and none does harm', () => {
    expect([...score.alarms, ...score.unsound]).toEqual([]);
    expect(score.styles.size).toBe(4);
    expect(score.blocks.size).toBe(7);
  });

  test('misses no mistake that does harm, and shows the harm of what it finds', () => {
    expect([...score.misses, ...score.unshown]).toEqual([]);
    expect(score.kinds.size).toBeGreaterThanOrEqual(15);
    expect(score.verdicts.get('found')).toBeGreaterThan(score.mutants / 4);
  });
});

test('one seed gives one saga', () => {
  for (const seed of [1, 2, 3]) {
    expect(subjectOf(seed).definition.hash).toBe(subjectOf(seed).definition.hash);
    expect(subjectOf(seed).sketch).toEqual(subjectOf(seed).sketch);
  }
});

test('the walks find the harm of mistakes by themselves, as verify does', () => {
  const kinds = ['onError is missing', 'an end is no end', 'success and failure change places'];
  let harmful = 0;
  for (const kind of kinds) {
    for (let seed = 1; seed <= 6; seed++) {
      const subject = subjectOf(seed);
      const mutation = mutate(subject.config, kind, new Dice(seed));
      if (mutation === null) continue;
      const definition = subject.with(mutation.config);
      const isAccused = verify(definition).findings.some(({ severity }) => severity === 'error');
      const isHarmful = harmIn(subject, definition) !== null;
      if (isHarmful) expect({ kind, seed, isAccused }).toEqual({ kind, seed, isAccused: true });
      harmful += Number(isHarmful);
    }
  }
  expect(harmful).toBeGreaterThan(kinds.length * 3);
});

test('a mistake has one meaning, in a drawing or in what the builder is given', () => {
  const both = Object.keys(MUTATIONS).filter((kind) => Object.hasOwn(BUILDER_MISTAKES, kind));
  expect(both).toEqual([]);
});

test('there are mistakes of many kinds', () => {
  expect(Object.keys(MUTATIONS).length).toBeGreaterThanOrEqual(25);
  expect(Object.keys(BUILDER_MISTAKES).length).toBeGreaterThanOrEqual(20);
});
