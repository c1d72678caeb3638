/** A saga near the bound of its state turns back while it can, and never ends without a way out. */
import { afterEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { activity, type Contract } from '../../../src/core/activity.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { NO_RETRY } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { SagaState } from '../../../src/core/state.ts';
import { EngineHarness } from '../engine-harness.ts';

const LIMIT = 8_000;
const ROOM = 0.75 * LIMIT;
const limits = { stateLength: LIMIT };

type Calls = Record<'a' | 'ua' | 'b' | 'ub' | 'c', (input: unknown) => unknown>;

const undo = (name: 'ua' | 'ub') => ({ activity: name, input: () => null }) as const;

let engine: { dispose(): Promise<void> } | null = null;
afterEach(() => engine?.dispose());

function harness<C extends Contract>(definition: SagaDefinition<C>): EngineHarness<C> {
  const made = new EngineHarness(definition);
  engine = made;
  return made;
}

/** Activities that note that they ran; outputs by name. */
function recorded(outputs: Partial<Record<keyof Calls, unknown>>) {
  const calls: string[] = [];
  const call = (name: keyof Calls) => (): unknown => {
    calls.push(name);
    return outputs[name] ?? null;
  };
  const activities = { a: call('a'), ua: call('ua'), b: call('b'), ub: call('ub'), c: call('c') };
  return { calls, activities };
}

const steps = ({ steps: all }: SagaState) => all.map(({ name, status }) => `${name} ${status}`);
const long = (length: number): string => 'x'.repeat(length);

const twoSteps = defineSaga({ id: 'two', input: z.null(), activities: {} as Calls })
  .step('a', { input: () => null, compensate: undo('ua') })
  .step('b', { input: () => null, compensate: undo('ub') })
  .step('c', { kind: 'pivot', input: () => null })
  .build();

describe('a result that makes the state too long', () => {
  test('is a failure of its attempt that may have happened: all is compensated', async () => {
    const { calls, activities } = recorded({ b: long(ROOM) });
    const backstep = await harness(twoSteps).open(activities, { limits });
    const { id } = await backstep.spawn('two', { input: null });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).toEqual(['a', 'b', 'ub', 'ua']);
    const state = await backstep.saga(id).state();
    expect(state?.failureReason).toMatchObject({ code: 'state-too-large', retryable: false });
    expect(state?.failureReason?.message).toContain('keep large results outside');
    expect(state?.failureReason?.message).toContain(`over the limit of ${ROOM}`);
  });

  test('is kept when the step is the last that could be compensated and there is room', async () => {
    const { activities } = recorded({ c: long(ROOM) });
    const backstep = await harness(twoSteps).open(activities, { limits });
    const { id } = await backstep.spawn('two', { input: null });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  });

  test('of a pivot beyond the whole bound waits for a person, who ends it either way', async () => {
    for (const [order, end] of [
      ['compensate', 'compensated'],
      ['skip', 'failed'],
    ] as const) {
      const { activities } = recorded({ c: long(LIMIT) });
      const here = harness(twoSteps);
      const backstep = await here.open(activities, { limits });
      const { id } = await backstep.spawn('two', { input: null });
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('failed');
      await backstep.saga(id).command({ name: order, by: 'ada' });
      await here.seen(({ sagaId, status }) => sagaId === id && status === end);
      await here.dispose();
    }
  });

  test('of a transactional activity is not written: it never happened, and is not compensated', async () => {
    const { calls, activities } = recorded({});
    const insert = { sql: 'INSERT INTO seats VALUES (?, ?)', parameters: ['s1', 1] };
    const backstep = await harness(twoSteps).open(
      {
        ...activities,
        b: {
          kind: 'transactional',
          plan: () => ({ statements: [insert], output: long(ROOM) }),
        },
      },
      { limits },
    );
    const { id } = await backstep.spawn('two', { input: null });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).not.toContain('ub');
    expect((await backstep.saga(id).state())?.failureReason?.code).toBe('state-too-large');
  });

  test('of a child saga: the child is undone by the activity that compensates it', async () => {
    const child = defineSaga({
      id: 'kid',
      input: z.null(),
      activities: {} as Record<'k' | 'uk', (input: null) => unknown>,
    })
      .step('k', { input: () => null, compensate: { activity: 'uk', input: () => null } })
      .output(() => long(ROOM))
      .build();
    const parent = defineSaga({ id: 'parent', input: z.null(), activities: {} as Calls })
      .step('a', { input: () => null, compensate: undo('ua') })
      .child('kid', { saga: child, input: () => null, compensate: undo('ub') })
      .step('c', { kind: 'pivot', input: () => null })
      .build();
    const { calls, activities } = recorded({});
    const backstep = await harness(parent).open(activities, {
      limits,
      also: (other) => other.register(child, { activities: { k: () => null, uk: () => null } }),
    });
    const { id } = await backstep.spawn('parent', { input: null });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).toEqual(['a', 'ub', 'ua']);
  });

  test('of a probe leaves its step in doubt: it is compensated', async () => {
    const lost = defineSaga({ id: 'lost', input: z.null(), activities: {} as Calls })
      .step('a', {
        input: () => null,
        retry: NO_RETRY,
        compensate: undo('ua'),
        probe: { activity: 'b' as never, input: () => null as never },
      })
      .step('c', { kind: 'pivot', input: () => null })
      .build();
    const { calls, activities } = recorded({ b: { kind: 'happened', output: long(ROOM) } });
    const failing = (): never => {
      throw new Error('the connection was reset');
    };
    const backstep = await harness(lost).open({ ...activities, a: failing }, { limits });
    const { id } = await backstep.spawn('lost', { input: null });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).toEqual(['b', 'ua']);
  });

  test('of one branch ends the others, and what they have under way is in doubt', async () => {
    const forked = defineSaga({ id: 'forked', input: z.null(), activities: {} as Calls })
      .parallel('both', {
        one: (branch) => branch.step('a', { input: () => null, compensate: undo('ua') }),
        other: (branch) => branch.step('b', { input: () => null, compensate: undo('ub') }),
      })
      .build();
    const { calls, activities } = recorded({ a: long(ROOM) });
    const hanging = (): Promise<never> => new Promise(() => {});
    const backstep = await harness(forked).open({ ...activities, b: hanging }, { limits });
    const { id } = await backstep.spawn('forked', { input: null });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls.toSorted()).toEqual(['a', 'ua', 'ub']);
  });

  test('of a hand-written machine is its error event', async () => {
    const machine = setup({
      types: { context: {} as { readonly kept: unknown } },
      actors: { c: activity<null, unknown>() },
      actions: { keep: assign({ kept: (_, { output }: { readonly output: unknown }) => output }) },
    }).createMachine({
      id: 'mine',
      context: { kept: null },
      initial: 'asking',
      states: {
        asking: {
          invoke: {
            id: 'c',
            src: 'c',
            input: null,
            onDone: {
              target: 'done',
              actions: { type: 'keep', params: ({ event }) => ({ output: event.output }) },
            },
            onError: 'asked',
          },
        },
        done: { type: 'final' },
        asked: { tags: ['waiting'] },
      },
    });
    const { activities } = recorded({ c: long(LIMIT) });
    const here = harness(durable<Pick<Calls, 'c'>>(machine));
    const backstep = await here.open(activities, { limits });
    const { id } = await backstep.spawn('mine', { input: null });
    await here.seen(({ to }) => to === 'asked');
    const state = await backstep.saga(id).state();
    const error = { code: 'state-too-large' };
    expect(state?.steps).toMatchObject([{ status: 'in_doubt', error }]);
  });
});

test('a long loop of small results turns back at the bound, and is undone beyond it', async () => {
  const loop = defineSaga({ id: 'loop', input: z.null(), activities: {} as Calls })
    .repeat('all', {
      while: () => true,
      atMost: 1_000,
      steps: (each) =>
        each
          .step('a', { input: () => null, compensate: undo('ua') })
          .step('b', { input: () => null, retry: NO_RETRY, compensate: undo('ub') }),
    })
    .build();
  const { calls, activities } = recorded({ a: { ok: true }, b: { ok: true } });
  const here = harness(loop);
  const backstep = await here.open(activities, { limits });
  const { id } = await backstep.spawn('loop', { input: null });
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
  const state = await backstep.saga(id).state();
  const isUndone = (each: string): boolean => each.endsWith(' compensated');
  expect(state === null ? [] : steps(state)).toSatisfy((all: string[]) => all.every(isUndone));
  expect(calls.filter((each) => each.startsWith('u'))).toHaveLength(state?.steps.length ?? -1);
  expect((await backstep.read.saga(id))?.state.length).toBeGreaterThan(LIMIT);
  await here.stop();
  expect((await (await here.open(activities, { limits })).saga(id).state())?.status).toBe(
    'compensated',
  );
});

describe('what makes the state too long without a result', () => {
  const waits = (length: number) =>
    defineSaga({ id: 'waits', input: z.null(), activities: {} as Calls, deadline: '9d' })
      .step('a', { input: () => null, compensate: undo('ua') })
      .wait('w', { on: { go: 'continue' }, within: '30s', onExpired: 'continue' })
      .step('b', { input: () => long(length), compensate: undo('ub') })
      .build();

  test('is refused to the sender of an event, and the saga waits on', async () => {
    const { activities } = recorded({});
    const here = harness(waits(10));
    const backstep = await here.open(activities, { limits });
    const { id } = await backstep.spawn('waits', { input: null });
    await here.seen(({ status }) => status === 'waiting');
    const sent = backstep.saga(id).send({ type: 'go', note: long(LIMIT) });
    await expect(sent).rejects.toMatchObject({ code: 'too-large' });
    expect((await backstep.saga(id).state())?.status).toBe('waiting');
    await backstep.saga(id).send({ type: 'go' });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  });

  test('parks a saga whose timer leads there; a person turns it back', async () => {
    const { calls, activities } = recorded({});
    const here = harness(waits(LIMIT));
    const backstep = await here.open(activities, { limits });
    const { id } = await backstep.spawn('waits', { input: null });
    await here.seen(({ status }) => status === 'waiting');
    here.clock.advance(30_000);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('parked');
    const parked = await backstep.saga(id).state();
    expect(parked?.parkReason?.message).toContain(`over the limit of ${LIMIT}`);
    expect(parked === null ? [] : backstep.legalCommands(parked)).toContain('compensate');
    await backstep.saga(id).command({ name: 'compensate', by: 'ada', reason: 'too much' });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(calls).toEqual(['a', 'ua']);
  });

  test('is an input at the start: refused before anything is accepted', async () => {
    const { activities } = recorded({});
    const definition = defineSaga({ id: 'start', input: z.string(), activities: {} as Calls })
      .step('a', { input: () => null, compensate: undo('ua') })
      .build();
    const backstep = await harness(definition).open(activities, { limits });
    const started = backstep.spawn('start', { input: long(LIMIT) });
    await expect(started).rejects.toMatchObject({ code: 'too-large' });
  });
});
