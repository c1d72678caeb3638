/**
 * What is owed, and with what key, input and order it is undone: loops whose rounds fail, wait and
 * are cut off in every way, against what really happened.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import type { Effect } from '../../../src/core/turn/inbound.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { isEnded } from '../../../src/core/status.ts';
import { BUSY, LOST, REFUSED, SagaDriver } from './saga-driver.ts';

type Any = Record<string, (input: unknown) => unknown>;

const NAMES = ['one', 'two', 'three'] as const;
const ROUNDS = 3;

/** A loop of so many steps a round; each says in its output, and is told, what it belongs to. */
function loopOf(steps: number): SagaDefinition {
  const retry = exponential({ first: '5s', attempts: 3 });
  return defineSaga({ id: 'loop', input: ANYTHING, activities: {} as Any, deadline: '1s' })
    .repeat('rounds', {
      while: ({ round }) => round <= ROUNDS,
      atMost: ROUNDS,
      steps: (part) => {
        let draft = part.wait('go', {
          on: { go: 'continue' },
          within: '1h',
          onExpired: 'continue',
        });
        for (const name of NAMES.slice(0, steps)) {
          draft = draft.step(name, {
            // The second round of a middle step is left out: rounds and occurrences differ.
            when: ({ round }) => name !== 'two' || round !== 2,
            input: ({ round }) => ({ round }),
            retry,
            compensate: {
              activity: `un-${name}`,
              retry,
              input: ({ results, round }) => ({ round, output: results[name] ?? null }),
            },
          });
        }
        return draft;
      },
    })
    .step('end', { kind: 'pivot', input: () => null })
    .build();
}

const ANYTHING = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const;

type Start = Extract<Effect, { kind: 'start-activity' }>;

/** What happens to one live attempt. */
type Fate = 'done' | 'refused' | 'busy' | 'lost' | 'lost-after';

const fate = fc.constantFrom<Fate>('done', 'done', 'done', 'refused', 'busy', 'lost', 'lost-after');

const happening = fc.oneof(
  { weight: 8, arbitrary: fate },
  { weight: 2, arbitrary: fc.constant('timer' as const) },
  { weight: 1, arbitrary: fc.constantFrom('deadline' as const, 'cancel' as const) },
);

/** The world outside: what stands under each forward key, told from effects and fates alone. */
class Outside {
  readonly #saga: SagaDriver;
  /** Forward keys under which an effect is there. */
  readonly #standing = new Set<string>();
  /** Forward keys under which one may be there. */
  readonly #doubtful = new Set<string>();
  readonly #started = new Map<string, Start>();
  readonly undone: string[] = [];
  /** What was wrong with a compensation. */
  readonly faults: string[] = [];

  constructor(definition: SagaDefinition) {
    this.#saga = new SagaDriver(definition, null);
  }

  get saga(): SagaDriver {
    return this.#saga;
  }

  get standing(): readonly string[] {
    return [...this.#standing];
  }

  /** The one live attempt meets its fate. */
  meet(given: Fate): void {
    const [activity] = Object.keys(this.#saga.state.live.activities);
    const start = activity === undefined ? undefined : this.#started.get(activity);
    if (activity === undefined || start === undefined) return;
    if (given === 'done' || given === 'lost-after') this.#happen(start);
    if (given === 'lost' || given === 'lost-after') this.#doubt(start);
    if (given === 'done') this.#saga.done(activity, this.#outputOf(start));
    else this.#saga.fail(activity, FAILURES[given]);
    this.#note();
  }

  go(): void {
    this.#saga.send({ type: 'go' });
    this.#note();
  }

  timer(text: string): void {
    const ids = Object.keys(this.#saga.state.live.timers).filter((id) => id.includes(text));
    const [id] = ids;
    if (id === undefined) return;
    this.#saga.fireTimer(id);
    this.#note();
  }

  cancel(): void {
    this.#saga.command('cancel');
    this.#note();
  }

  begin(): void {
    this.#note();
  }

  #note(): void {
    for (const effect of this.#saga.effects) {
      if (effect.kind === 'stop-activity') {
        const left = this.#started.get(effect.activity);
        if (left?.token === effect.token && left.direction === 'forward') this.#doubt(left);
      }
      if (effect.kind !== 'start-activity') continue;
      this.#started.set(effect.activity, effect);
      if (effect.direction === 'compensate') this.#judge(effect);
    }
  }

  #doubt({ key, direction }: Start): void {
    if (direction === 'forward') this.#doubtful.add(key);
  }

  #happen({ key, forwardKey, direction }: Start): void {
    if (direction === 'forward') {
      this.#standing.add(key);
      return;
    }
    this.#standing.delete(forwardKey ?? '');
    this.#doubtful.delete(forwardKey ?? '');
  }

  #outputOf({ key, direction }: Start): unknown {
    return direction === 'forward' ? { of: key } : null;
  }

  // Key, input and order of a compensation belong to one run, and to one that is owed.
  #judge({ forwardKey, input, step, attempt }: Start): void {
    const key = forwardKey ?? '';
    const { output } = input as { readonly output: { readonly of: string } | null };
    if (output !== null && output.of !== key) this.faults.push(`${key} got ${output.of}`);
    const isOwed = this.#standing.has(key) || this.#doubtful.has(key);
    if (!isOwed && attempt === 1) this.faults.push(`${key} is not owed`);
    const round = Number(Reflect.get(Object(input), 'round'));
    const occurrence = Number(key.split('/').at(-1));
    const is = step === 'two' && occurrence === 2 ? 3 : occurrence;
    if (round !== is) this.faults.push(`${key} got round ${round}`);
    if (this.undone.at(-1) !== key) this.undone.push(key);
  }
}

const FAILURES = { refused: REFUSED, busy: BUSY, lost: LOST, 'lost-after': LOST };

describe.each([1, 2, 3])('a loop of %i steps a round', (steps) => {
  const definition = loopOf(steps);

  test('undoes what is owed and nothing else, each run with its own key and data', () => {
    let ended = 0;
    fc.assert(
      fc.property(fc.array(happening, { minLength: 4, maxLength: 40 }), (happenings) => {
        const outside = new Outside(definition);
        const { saga } = outside;
        outside.begin();
        for (const it of happenings) {
          if (isEnded(saga.state.status)) break;
          if (saga.trail.at(-1)?.endsWith('go') === true) outside.go();
          else if (it === 'timer') outside.timer('.retry');
          else if (it === 'deadline') outside.timer('deadline');
          else if (it === 'cancel') outside.cancel();
          else outside.meet(it);
        }
        expect(outside.faults).toEqual([]);
        if (saga.state.status !== 'compensated') return;
        ended += 1;
        expect(outside.standing).toEqual([]);
        const started = saga.state.steps.map(
          ({ name, occurrence }) => `saga-1/${name}/forward/${occurrence}`,
        );
        const inOrder = started.filter((key) => outside.undone.includes(key)).toReversed();
        expect(outside.undone).toEqual(inOrder);
      }),
      { seed: 20_261_129, numRuns: 400 },
    );
    expect(ended).toBeGreaterThan(40);
  });
});

describe('a step that only ever failed for certain', () => {
  const saga = (): SagaDriver =>
    new SagaDriver(
      defineSaga({ id: 'one', input: ANYTHING, activities: {} as Any, deadline: '1s' })
        .step('first', {
          input: () => null,
          compensate: { activity: 'unFirst', input: () => null },
        })
        .step('second', {
          input: () => null,
          retry: exponential({ first: '5s' }),
          compensate: { activity: 'unSecond', input: () => null },
        })
        .build(),
      null,
    );

  test.each([
    ['the deadline passes', (driver: SagaDriver) => driver.fireTimer('deadline')],
    ['it is cancelled', (driver: SagaDriver) => driver.command('cancel')],
    ['a person turns it back', (driver: SagaDriver) => driver.command('compensate')],
  ])('and waits for its retry is not compensated when %s', (_, turnBack) => {
    const driver = saga();
    driver.done('first');
    driver.fail('second', BUSY);
    turnBack(driver);
    driver.done('unFirst');
    expect(driver.started).toEqual(['first', 'second', 'unFirst']);
    expect(driver.stepStatus('second')).toBe('failed');
    expect(driver.state.status).toBe('compensated');
  });

  test('is compensated when an earlier attempt of it was lost', () => {
    const driver = saga();
    driver.done('first');
    driver.fail('second', LOST);
    driver.fireTimer('second.retry');
    driver.fail('second', BUSY);
    driver.command('cancel');
    driver.done('unSecond');
    driver.done('unFirst');
    expect(driver.started).toEqual(['first', 'second', 'second', 'unSecond', 'unFirst']);
  });
});
