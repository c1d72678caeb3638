/** Every way into `parked`, and what a person can do about it: go on, or turn back what stands. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import { legalCommands } from '../../src/core/turn/legal.ts';
import { commandChoices } from '../../src/core/turn/legal-reason.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { SagaState } from '../../src/core/state.ts';
import { scopeInWords } from '../../src/explain/command-scope.ts';
import type { SagaCommit } from '../../src/store/commit.ts';
import type { Store } from '../../src/store/store.ts';
import { REFUSED, SagaDriver } from '../core/turn/saga-driver.ts';
import { EngineHarness } from './engine-harness.ts';

type Calls = Record<'a' | 'ua' | 'b' | 'ub' | 'c' | 'uc', (input: unknown) => unknown>;

/** What breaks, until it is mended. */
let broken: 'nothing' | 'mapper' | 'compensation';

const BACKWARD = 'compensating.ua.running';

function breakingAt(place: typeof broken): null {
  if (broken === place) throw new Error(`the ${place} broke`);
  return null;
}

const undo = (name: 'ua' | 'ub' | 'uc') => ({ activity: name, input: () => null }) as const;

const saga = defineSaga({ id: 'three', input: z.null(), activities: {} as Calls, deadline: '9d' })
  .step('a', {
    input: () => null,
    compensate: { activity: 'ua', input: () => breakingAt('compensation') },
  })
  .wait('w', { on: { go: 'continue' }, within: '30s' })
  .step('b', {
    input: () => breakingAt('mapper'),
    compensate: undo('ub'),
  })
  .step('c', { kind: 'pivot', input: () => null })
  .build();

let engine: EngineHarness<Calls>;
let calls: string[];

beforeEach(() => {
  broken = 'nothing';
  calls = [];
  engine = new EngineHarness(saga);
});
afterEach(() => engine.dispose());

const note = (name: keyof Calls) => (): null => {
  calls.push(name);
  return null;
};
const activities = {
  a: note('a'),
  ua: note('ua'),
  b: note('b'),
  ub: note('ub'),
  c: note('c'),
  uc: note('uc'),
};

async function waiting(): Promise<string> {
  const { id } = await engine.backstep.spawn('three', { input: null });
  await engine.seen(({ sagaId, status }) => sagaId === id && status === 'waiting');
  return id;
}

async function stateOf(id: string): Promise<SagaState> {
  const state = await engine.backstep.saga(id).state();
  if (state === null) throw new Error('no such saga');
  return state;
}

describe('a saga that was parked', () => {
  test.each(['compensate', 'cancel'] as const)(
    'because its result leads to code that throws turns back by `%s`, what ran in doubt',
    async (order) => {
      broken = 'mapper';
      const early = defineSaga({ id: 'early', input: z.null(), activities: {} as Calls })
        .step('a', { input: () => null, compensate: undo('ua') })
        .step('b', { input: () => breakingAt('mapper'), compensate: undo('ub') })
        .build();
      const backstep = await engine.open(activities, {
        also: (other) => other.register(early, { activities }),
      });
      const { id } = await backstep.spawn('early', { input: null });
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('parked');
      const parked = await stateOf(id);
      expect(scopeInWords({ name: 'early', state: parked }, order)).toContain('compensated: a.');
      const [{ kind } = { kind: '' }] = (
        await backstep.read.deadLetters({ limit: 5, cursor: null })
      ).items;
      expect(kind).toBe('parked');
      await backstep.saga(id).command({ name: order, by: 'ada', reason: 'no way on' });
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
      expect(calls).toEqual(['a', 'ua']);
      const { steps, failureReason, parkReason } = await stateOf(id);
      expect(steps).toMatchObject([{ name: 'a', status: 'compensated', mayHaveHappened: true }]);
      expect(failureReason).toMatchObject({ message: 'no way on' });
      expect(parkReason).toBeNull();
      expect((await backstep.read.deadLetters({ limit: 5, cursor: null })).items).toEqual([]);
    },
  );

  test.each([
    ['compensate', 'command'],
    ['retry', 'timer'],
  ] as const)(
    'because its rows could not be written goes on from where it was by `%s`',
    async (order, cause) => {
      let isRefused = false;
      // Not even the parking is written, but for the row alone.
      const mayPass = ({ journal }: SagaCommit): boolean => journal.to === '(unreadable)';
      const refusing = (store: Store): Store => ({
        ...store,
        commit: (commit) =>
          isRefused && !mayPass(commit)
            ? Promise.resolve({ kind: 'rejected', message: 'a constraint failed' })
            : store.commit(commit),
      });
      const backstep = await engine.open(activities, { wrapStore: refusing });
      const id = await waiting();
      isRefused = true;
      engine.clock.advance(30_000);
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('parked');
      isRefused = false;
      expect(legalCommands(await stateOf(id))).toEqual([
        'retry',
        'compensate',
        'edit-context',
        'cancel',
        'terminate',
      ]);
      await backstep.saga(id).command({ name: order });
      engine.clock.advance(0); // its time is over long since
      const turned = await engine.seen(({ sagaId, to }) => sagaId === id && to === BACKWARD);
      expect(turned.cause).toBe(cause);
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
      expect(calls).toEqual(['a', 'ua']);
    },
  );

  test('is unwound with its parent, when that is cancelled', async () => {
    broken = 'mapper';
    const child = defineSaga({ id: 'child', input: z.null(), activities: {} as Calls })
      .step('a', { input: () => null, compensate: undo('ua') })
      .step('b', { input: () => breakingAt('mapper'), compensate: undo('ub') })
      .build();
    const parent = defineSaga({ id: 'parent', input: z.null(), activities: {} as Calls })
      .child('child', { saga: child, input: () => null, compensate: undo('uc') })
      .build();
    const backstep = await engine.open(activities, {
      also: (other) => {
        other.register(child, { activities });
        other.register(parent, { activities });
      },
    });
    const { id } = await backstep.spawn('parent', { input: null });
    const childId = `${id}.child.1`;
    await engine.seen(({ sagaId, status }) => sagaId === childId && status === 'parked');
    await backstep.saga(id).command({ name: 'cancel' });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect((await stateOf(childId)).status).toBe('compensated');
    expect(calls).toEqual(['a', 'ua']);
  });

  test('because its compensation cannot even begin turns back once that is mended', async () => {
    const backstep = await engine.open(activities);
    const id = await waiting();
    broken = 'compensation';
    await expect(backstep.saga(id).command({ name: 'cancel' })).rejects.toThrow(
      'compensation broke',
    );
    engine.clock.advance(30_000);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('parked');
    const parked = await stateOf(id);
    expect(legalCommands(parked)).toContain('retry');
    await expect(backstep.saga(id).command({ name: 'compensate' })).rejects.toThrow(
      'compensation broke',
    );
    broken = 'nothing';
    await backstep.saga(id).command({ name: 'compensate' });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).toEqual(['a', 'ua']);
  });
});

describe('in the core', () => {
  const parkedAt = (lead: (saga: SagaDriver) => void): SagaDriver => {
    const driver = new SagaDriver(saga, null);
    lead(driver);
    driver.take({ kind: 'park', failure: REFUSED });
    return driver;
  };
  const go = { kind: 'event', id: 'go', event: { type: 'go' } } as const;
  const reasonsOf = ({ state }: SagaDriver) =>
    new Map(commandChoices(state).map(({ command, reason }) => [command, reason]));

  test('a saga parked past its pivot goes forward only: a person retries, then decides', () => {
    const driver = parkedAt((each) => {
      each.done('a');
      each.take(go);
      each.done('b');
    });
    expect(legalCommands(driver.state)).toEqual(['retry', 'edit-context', 'terminate']);
    expect(reasonsOf(driver).get('compensate')).toBe(
      'It does not turn back from where it stood: retry it first.',
    );
    expect(reasonsOf(driver).get('skip')).toBe(
      'The engine could not go on with it: retry it first.',
    );
  });

  test('one whose pivot is in doubt turns back as it would without the parking', () => {
    const driver = parkedAt((each) => {
      each.done('a');
      each.take(go);
      each.done('b');
      each.fail('c', { ...REFUSED, ambiguous: true });
    });
    driver.command('compensate');
    expect(driver.state.status).toBe('compensating');
    expect(driver.state.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'a completed',
      'b compensating',
      'c failed',
    ]);
  });

  describe('a region that stays where it is', () => {
    /** Two activities side by side; `compensate` concerns the region of one of them. */
    const sideBySide = (left: 'a' | 'b') => {
      const region = (name: 'a' | 'b') => ({
        initial: 'busy',
        states: {
          busy: {
            invoke: { id: name, src: name, input: null },
            on: name === left ? { 'backstep.compensate': 'left' } : {},
          },
          left: {},
        },
      });
      const actors = { a: activity<null, null>(), b: activity<null, null>() };
      const states = { one: region('a'), other: region('b') };
      const machine = createMachine({ id: 'both', type: 'parallel', states } as never, { actors });
      const driver = new SagaDriver(durable(machine), null);
      driver.fail('a', REFUSED);
      expect(driver.state.parkReason?.code).toBe('unhandled');
      driver.command('compensate');
      return driver;
    };
    const stepsOf = ({ state }: SagaDriver) =>
      state.steps.map(({ name, status, attempts }) => `${name} ${status} ${attempts}`);

    test('goes on with its attempt, uncounted, and what failed for certain is not owed', () => {
      const driver = sideBySide('a');
      expect(stepsOf(driver)).toEqual(['a failed 1', 'b running 1']);
      const { b, a } = driver.state.live.activities;
      expect(a).toBeUndefined();
      expect(b).toMatchObject({ dispatches: 2, cleanStops: 1 });
      expect(driver.effects.find(({ kind }) => kind === 'start-activity')).toMatchObject({
        activity: 'b',
        attempt: 1,
      });
    });

    test('tries what failed there once more, as a new attempt', () => {
      const driver = sideBySide('b');
      const { a } = driver.state.live.activities;
      expect(a).toMatchObject({ dispatches: 1, token: driver.state.seq });
      expect(a).not.toHaveProperty('hasFailed');
      expect(stepsOf(driver)).toEqual(['a failed 1', 'b in_doubt 1', 'a running 1']);
      const starts = driver.effects.filter(({ kind }) => kind === 'start-activity');
      expect(starts).toMatchObject([{ activity: 'a', key: 'saga-1/a/forward/2' }]);
    });
  });

  test('its timers and retries of before are gone once it turned back', () => {
    const driver = parkedAt((each) => {
      each.fail('a', { ...REFUSED, retryable: true, ambiguous: true });
    });
    driver.command('cancel');
    expect(Object.keys(driver.state.live.activities)).toEqual(['ua']);
    expect(Object.keys(driver.state.live.timers)).toEqual([expect.stringContaining('ua.timeout')]);
    expect(driver.started.at(-1)).toBe('ua');
  });
});
