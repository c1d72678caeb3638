/**
 * The same machine twice: as a live actor of XState and through our interpreter, persisted and
 * restored at every inbound. Whatever happens to both, nobody can tell them apart.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import { nodesOf } from '../../src/core/machine/machine-nodes.ts';
import type { Case, Happening, Side, Sight } from './case.ts';
import { DurableSide } from './durable-side.ts';
import { LiveSide } from './live-side.ts';
import { ACTIVITY_CASES } from './machines/with-activities.ts';
import { ACTOR_CASES } from './machines/with-actors.ts';
import { CLOCK_CASES } from './machines/with-clocks.ts';
import { EVENT_CASES } from './machines/with-events.ts';
import { GUARD_CASES } from './machines/with-guards.ts';

const SEED = 20_260_401;
const RUNS = 30;
const SPANS_MS = [1, 999, 1_000, 5_000, 60_000];

/** Ambiguous, so that it stays the same when a restart makes it so. */
const FAILURE: Failure = { code: 'down', message: 'is down', retryable: true, ambiguous: true };

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

async function happen(side: Side, each: Case, { ...it }: Happening): Promise<void> {
  switch (it.kind) {
    case 'event': {
      const event = pick(each.events, it.which);
      return event === undefined ? undefined : side.send(event);
    }
    case 'time':
      return side.elapse(pick(each.spansMs ?? SPANS_MS, it.which) ?? 0);
    case 'done': {
      const id = pick(side.running(), it.which);
      if (id === undefined) return;
      return side.done(id, pick(each.outputs?.[id] ?? [null], it.output));
    }
    case 'failed': {
      const id = pick(side.running(), it.which);
      return id === undefined ? undefined : side.fail(id, FAILURE);
    }
    case 'restart':
      if (side instanceof DurableSide) side.restart();
  }
}

function pick<T>(values: readonly T[], which: number): T | undefined {
  return values[which % values.length];
}

// The matcher is the dearest part of the whole comparison, so it is asked only to tell a difference.
function expectSame(saga: Sight, live: Sight): void {
  if (!isDeepStrictEqual(saga, live)) expect(saga).toEqual(live);
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
    const { machine, input } = each;
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(happening, { minLength: 8, maxLength: 32, size: 'max' }),
        async (happenings) => {
          const live = await LiveSide.start(machine, input);
          const saga = new DurableSide(machine, input);
          expect(saga.sight()).toEqual(live.sight());
          for (const it of happenings) {
            await happen(live, each, it);
            await happen(saga, each, it);
            const sight = live.sight();
            expectSame(saga.sight(), sight);
            for (const leaf of leavesOf(sight.value)) seen.add(leaf);
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
    // Else the sequences would not reach what they are for.
    const unseen = leafStates(each).filter((leaf) => !seen.has(leaf));
    expect(unseen).toEqual(each.passing ?? []);
  });
});
