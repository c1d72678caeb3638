/**
 * The same machine twice: as a live actor of XState and through our interpreter, persisted and
 * restored at every inbound. Whatever happens to both, nobody can tell them apart.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodesOf } from '../../src/core/machine/machine-nodes.ts';
import { Dice } from '../generated/dice.ts';
import type { Case, Happening } from './case.ts';
import { type Compared, Comparison } from './compare.ts';
import { drawHappening, generatedCase } from './generated-cases.ts';
import { ACTIVITY_CASES } from './machines/with-activities.ts';
import { ACTOR_CASES } from './machines/with-actors.ts';
import { CLOCK_CASES } from './machines/with-clocks.ts';
import { EVENT_CASES } from './machines/with-events.ts';
import { GUARD_CASES } from './machines/with-guards.ts';

const SEED = 20_260_401;
const RUNS = 30;
/** Random machines, beside those written for one purpose each. */
const MACHINES = 40;
const EVENTS = 25;

const CASES = { ...EVENT_CASES, ...GUARD_CASES, ...CLOCK_CASES, ...ACTIVITY_CASES, ...ACTOR_CASES };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('event' as const), which: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('time' as const), which: fc.nat(99) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('done' as const),
      which: fc.nat(99),
      output: fc.nat(99),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('failed' as const), which: fc.nat(99) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

// The matcher is the dearest part of the whole comparison, so it is asked only to tell a difference.
function expectSame({ saga, live, isSame }: Compared): void {
  if (!isSame) expect(saga).toEqual(live);
}

/** The innermost states of a state value, as paths. */
function leavesOf(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'string') return [path === '' ? value : `${path}.${value}`];
  return Object.entries(Object(value) as object).flatMap(([key, inner]) => {
    const here = path === '' ? key : `${path}.${key}`;
    const isEmpty = typeof inner === 'object' && Object.keys(Object(inner) as object).length === 0;
    return isEmpty ? [here] : leavesOf(inner, here);
  });
}

function leafStates({ machine }: Case): readonly string[] {
  return nodesOf(machine)
    .filter(({ type }) => type === 'atomic' || type === 'final')
    .map(({ path }) => path.join('.'));
}

describe('a live actor and a durable saga of the same machine', () => {
  test.each(Object.entries(CASES))('cannot be told apart: %s', async (_, each) => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 8, maxLength: 32, size: 'max' }),
        async (happenings) => {
          const both = await Comparison.start(each);
          expectSame(both.look());
          for (const it of happenings) {
            const compared = await both.happen(it);
            expectSame(compared);
            for (const leaf of leavesOf(compared.live.value)) seen.add(leaf);
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
    // Else the sequences would not reach what they are for.
    const unseen = leafStates(each).filter((leaf) => !seen.has(leaf));
    expect(unseen).toEqual(each.passing ?? []);
  });

  test('cannot be told apart: random machines, with a restart after everything', async () => {
    let events = 0;
    for (let seed = 1; seed <= MACHINES; seed++) {
      const both = await Comparison.start(generatedCase(seed));
      const dice = new Dice(`happenings/${seed}`);
      for (let count = 0; count < EVENTS; count++) {
        const compared = await both.happen(drawHappening(dice), true);
        expectSame(compared);
        events += 1;
        if (compared.live.status !== 'active') break;
      }
    }
    expect(events).toBeGreaterThan((MACHINES * EVENTS) / 2);
  });
});
