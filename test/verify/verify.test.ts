/** What `verify` says of sound sagas, how much it looks at, and what it makes up. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { orderSaga } from '../fixtures/order-saga.ts';
import type { Examples, SagaDefinition } from '../../src/core/define/definition.ts';
import type { SagaOptions } from '../../src/core/define/options.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { NO_RETRY } from '../../src/core/retry-policy.ts';
import { MAX_VERIFIED_STATES, verify, verifyInSteps } from '../../src/verify/verify.ts';
import { begin } from '../../src/core/turn/turn.ts';
import { judgeStarts } from '../../src/verify/checks/checks.ts';
import { answer, NOTHING, startAttempt } from '../../src/verify/world.ts';
import { judgeLedger } from '../../src/verify/checks/ledger-check.ts';
import { tripSaga } from '../runtime/trip-saga.ts';
import { SOUND } from '../fixtures/sound-sagas.ts';
import { ORDER, SagaDriver } from '../core/turn/saga-driver.ts';

type Call = (input: unknown) => unknown;
type View = { readonly input: unknown; readonly results: unknown };

/** A saga of so many steps; `toInput` maps for every step and compensation. */
function chain(
  steps: number,
  toInput: (view: View, step: number) => unknown = () => null,
  rest: Partial<SagaOptions> = {},
): SagaDefinition {
  const options = { id: 'chain', input: z.unknown(), ...rest };
  let draft = defineSaga({ ...options, activities: {} as Record<string, Call> });
  for (let step = 1; step <= steps; step++) {
    draft = draft.step(`do${step}`, {
      input: (view) => toInput(view, step),
      compensate: { activity: `undo${step}`, input: (view) => toInput(view, step) },
    });
  }
  return draft.build();
}

describe('a sound saga', () => {
  test('of the order machine has no finding in all its states', () => {
    const { findings, bounds, exhaustive, notReached } = verify(orderSaga);
    expect({ findings, exhaustive, notReached }).toEqual({
      findings: [],
      exhaustive: true,
      notReached: [],
    });
    expect(bounds).toMatchObject({ states: 44, transitions: 274 });
  });

  test('of twelve steps stays far under the bound on states', () => {
    const { findings, bounds, exhaustive } = verify(chain(12, () => null, { deadline: '5m' }));
    expect(findings).toEqual([]);
    expect(exhaustive).toBe(true);
    expect(bounds.states).toBeLessThan(MAX_VERIFIED_STATES / 20);
  });

  // 7 ways for each to stand, and whether anything was given up: the order in which they failed
  // would make it many times as many.
  test('of retriable steps side by side is explored by how they stand, in no order', () => {
    const options = { id: 'sides', input: z.unknown(), activities: {} as Record<string, Call> };
    const step = { kind: 'retriable', input: () => null } as const;
    const { findings, bounds, exhaustive } = verify(
      defineSaga(options)
        .step('go', { kind: 'pivot', input: () => null })
        .parallel('all', {
          a: (branch) => branch.step('one', step),
          b: (branch) => branch.step('two', step),
          c: (branch) => branch.step('three', step),
        })
        .build(),
    );
    expect({ findings, exhaustive }).toEqual({ findings: [], exhaustive: true });
    expect(bounds.states).toBeGreaterThan(7 ** 3);
    expect(bounds.states).toBeLessThan(7 ** 3 * 2 + 50);
  });

  test('grows by the same number of states with every step', () => {
    const sizes = [2, 3, 4, 5].map((steps) => verify(chain(steps)).bounds.states);
    const growth = sizes.slice(1).map((size, index) => size - (sizes[index] ?? 0));
    expect(new Set(growth).size).toBe(1);
  });

  test.each(Object.entries(SOUND))('written by hand has no finding: %s', (_, saga) => {
    const { findings, exhaustive } = verify(saga);
    expect(findings).toEqual([]);
    expect(exhaustive).toBe(true);
  });

  test('is judged the same every time, and in steps as at once', () => {
    const once = verify(tripSaga);
    expect(verify(tripSaga)).toEqual(once);
    const work = verifyInSteps(tripSaga);
    let pauses = 0;
    let step = work.next();
    while (step.done !== true) {
      pauses += 1;
      step = work.next();
    }
    expect(step.value).toEqual(once);
    expect(pauses).toBeGreaterThan(once.bounds.states / 2);
  });
});

describe('the bound on states', () => {
  test('is said to be reached, so that silence is never taken for proof', () => {
    const { exhaustive, bounds, findings } = verify(orderSaga, { maxStates: 30 });
    expect(exhaustive).toBe(false);
    expect(bounds.states).toBeLessThan(40);
    expect(findings.map(({ code }) => code)).toEqual(['too-many-states']);
  });
});

describe('values that nobody gave', () => {
  test('are made up from what the machine reads', () => {
    const { values: made, ...rest } = verify(orderSaga);
    const { values: given, ...same } = verify(orderSaga, { input: ORDER });
    expect(same).toEqual(rest);
    expect(made[0]).toMatchObject({ member: 'input', from: 'schema' });
    expect(given[0]).toEqual({ member: 'input', value: ORDER, from: 'example' });
  });

  test('may be lists, numbers and texts, in the input and in results', () => {
    interface Basket {
      readonly lines: readonly { readonly price: number }[];
      readonly total: number;
      readonly customer: { readonly name: string };
    }
    const saga = chain(3, ({ input, results }, step) => {
      const { lines, total, customer } = input as Basket;
      const before = (results as Record<string, { readonly id: string }>)[`do${step - 1}`];
      return {
        prices: lines.map(({ price }) => price * 2),
        count: lines.length,
        total: total * 100,
        name: customer.name.toUpperCase(),
        before: step === 1 ? '' : `after ${before?.id ?? 'nothing'}`,
      };
    });
    expect(verify(saga).findings).toEqual([]);
  });

  test('give way to examples of the definition, and those to examples of the caller', () => {
    const needsGold = ({ input }: View): unknown => {
      if ((input as { plan?: string }).plan !== 'gold') throw new Error('unknown plan');
      return null;
    };
    const gold: Examples = { input: { plan: 'gold' } };
    const [refused] = verify(chain(1, needsGold)).findings;
    expect(refused).toMatchObject({
      code: 'needs-example',
      severity: 'warning',
      where: 'input.plan',
      way: [],
    });
    expect(refused?.what).toContain('unknown plan');
    expect(verify(chain(1, needsGold, { examples: gold })).findings).toEqual([]);
    expect(verify(chain(1, needsGold), gold).findings).toEqual([]);
    const lead = { input: { plan: 'lead' } };
    const [thrown] = verify(chain(1, needsGold, { examples: gold }), lead).findings;
    expect(thrown).toMatchObject({ code: 'throws' });
  });
});

describe('a builder saga', () => {
  type Steps = Record<string, (input: null) => null>;
  const retriable = { kind: 'retriable', input: () => null } as const;

  test('is explored by what budgets can do, not by counting to a hundred: in parallel', () => {
    const saga = defineSaga({ id: 'two', input: z.unknown(), activities: {} as Steps })
      .parallel('both', {
        one: (part) => part.step('left', retriable),
        other: (part) => part.step('right', retriable),
      })
      .build();
    const { findings, bounds, exhaustive } = verify(saga);
    expect(findings).toEqual([]);
    expect(exhaustive).toBe(true);
    expect(bounds.states).toBeLessThan(300);
  });

  test.each(['compensatable', 'retriable'])('is explored in full with twelve %s steps', (kind) => {
    let draft = defineSaga({ id: 'twelve', input: z.unknown(), activities: {} as Steps });
    for (let step = 1; step <= 12; step++) {
      const undo = { activity: `undo${step}`, input: () => null };
      draft =
        kind === 'retriable'
          ? draft.step(`step${step}`, retriable)
          : draft.step(`step${step}`, { input: () => null, compensate: undo });
    }
    const { findings, bounds, exhaustive } = verify(draft.build());
    expect(findings).toEqual([]);
    expect(exhaustive).toBe(true);
    expect(bounds.states).toBeLessThan(250);
  });

  test('whose steps are tried once is not accused of places between attempts', () => {
    const tried = { input: () => null, retry: NO_RETRY } as const;
    const saga = defineSaga({ id: 'once', input: z.unknown(), activities: {} as Steps })
      .step('book', { ...tried, compensate: { activity: 'cancel', ...tried } })
      .step('pay', { kind: 'pivot', ...tried })
      .build();
    expect(verify(saga).findings).toEqual([]);
  });

  test('whose compensation needs the answer that was lost is found out', () => {
    const saga = defineSaga({
      id: 'pay',
      input: z.unknown(),
      activities: {} as Record<'pay' | 'repay', Call>,
    })
      .step('pay', {
        input: () => null,
        compensate: {
          activity: 'repay',
          input: ({ results }) => (results.pay as { readonly id: string }).id,
        },
      })
      .build();
    expect(verify(saga).findings).toMatchObject([
      {
        code: 'throws',
        severity: 'error',
        way: [
          { event: 'start', state: 'forward.pay.running' },
          { event: 'pay: interrupted too often', state: 'forward.pay.running' },
        ],
      },
    ]);
  });
});

const HOLD = {
  kind: 'start-activity',
  activity: 'hold',
  src: 'hold',
  input: null,
  token: 1,
  key: 'k',
  forwardKey: null,
  step: 'hold',
  direction: 'forward',
  occurrence: 1,
  attempt: 1,
  late: null,
  timeout: null,
  child: null,
} as const;

describe('the ledger', () => {
  test('is compared with what happened, and a difference is a defect of ours', () => {
    const { state } = new SagaDriver(tripSaga, { trip: 't' });
    const begun = startAttempt(NOTHING, HOLD, {
      turn: 1,
      isRetry: false,
      round: null,
      isReadOnly: false,
    });
    expect(judgeLedger(begun, state)).toEqual([]);
    const done = answer(begun, {
      activity: 'hold',
      kind: 'done',
      output: null,
      isAmbiguous: false,
      probed: null,
    });
    const [fault] = judgeLedger(done, state);
    expect(fault?.code).toBe('engine-defect');
    expect(fault?.what).toContain('hold, running; it should say: hold, completed');
    expect(judgeLedger(begun, { ...state, steps: [] })).toHaveLength(1);
  });
});

// Definitions with such a drawing are refused; this is for a defect of the core itself.
describe('two attempts of one step at once', () => {
  test.each([
    ['by another activity', { ...HOLD, activity: 'holdAgain' }],
    ['without an end of the first', { ...HOLD, token: 2 }],
  ])('are found out: %s', (_, second) => {
    const first = begin(tripSaga, 'saga-1', { trip: 't' }, 0);
    const turn = { ...first, effects: [HOLD, second] };
    const { faults } = judgeStarts(tripSaga, NOTHING, null, false, turn);
    expect(faults.map(({ code }) => code)).toEqual(['started-twice']);
    const again = { ...first, effects: [HOLD, HOLD] };
    expect(judgeStarts(tripSaga, NOTHING, null, false, again).faults).toEqual([]);
  });
});
