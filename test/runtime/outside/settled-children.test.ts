/**
 * Children that end otherwise than done or undone: by a person's word, in an error, by a final
 * state of whatever tag. Nothing that stands in one is told to its parent as never happened.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durable } from '../../../src/core/define/durable.ts';
import type { CommandName } from '../../../src/core/turn/inbound.ts';
import { NO_RETRY } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { SagaState } from '../../../src/core/state.ts';
import { FakeActivities, type FakeOptions } from '../../../src/testing/fake-activities.ts';
import { openTestEngine, type TestEngine } from '../../../src/testing/test-engine.ts';

type Any = Record<string, (input: unknown) => unknown>;

const ANYTHING = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
} as const;

const input = () => ({});

const paySaga = defineSaga({ id: 'pay', input: ANYTHING, activities: {} as Any })
  .step('reserve', {
    input,
    compensate: { activity: 'unreserve', input, retry: NO_RETRY },
  })
  .step('charge', { kind: 'pivot', input, retry: NO_RETRY, timeout: '1s' })
  .step('receipt', { kind: 'retriable', input, retry: NO_RETRY, timeout: '1s' })
  .build();

/** A parent with a step before its child and one after it. */
function parentOf(child: SagaDefinition, id = 'order'): SagaDefinition {
  return defineSaga({ id, input: ANYTHING, activities: {} as Any })
    .step('stock', { input, compensate: { activity: 'restock', input } })
    .child('pay', { saga: child, input, compensate: { activity: 'refund', input } })
    .step('ship', { input, retry: NO_RETRY, compensate: { activity: 'unship', input } })
    .build();
}

interface Family {
  readonly engine: TestEngine;
  readonly parent: FakeActivities;
  readonly id: string;
  readonly childId: string;
  readonly state: (id: string) => Promise<SagaState>;
  readonly order: (id: string, name: CommandName) => Promise<void>;
}

let open: TestEngine | null = null;

afterEach(() => {
  open?.close();
  open = null;
});

async function family(
  childSaga: SagaDefinition,
  child: FakeOptions,
  parent: FakeOptions = {},
): Promise<Family> {
  const definition = parentOf(childSaga);
  const fakes = new FakeActivities(definition, parent);
  const engine = await openTestEngine(definition, fakes);
  open = engine;
  engine.register(childSaga, new FakeActivities(childSaga, child));
  const id = await engine.spawn({});
  await engine.advance('2s');
  const childId = `${id}.pay.1`;
  const state = async (which: string): Promise<SagaState> => {
    const known = await engine.backstep.saga(which).state();
    if (known === null) throw new Error(`no saga ${which}`);
    return known;
  };
  const order = async (which: string, name: CommandName): Promise<void> => {
    await engine.command(which, { name, by: 'ada', reason: 'settled by hand' });
    await engine.advance('1m');
  };
  return { engine, parent: fakes, id, childId, state, order };
}

function called({ parent }: Family): readonly string[] {
  return parent.calls.map(({ activity: name }) => name);
}

describe('a child past its pivot that a person settled', () => {
  test.each(['skip', 'accept-partial'] as const)('by %s is done for its parent', async (name) => {
    const all = await family(paySaga, { script: { receipt: ['permanent'] } });
    expect((await all.state(all.childId)).status).toBe('failed');
    await all.order(all.childId, name);
    expect((await all.state(all.id)).status).toBe('completed');
    expect(called(all)).toEqual(['stock', 'ship']);
  });

  test('is undone by the compensation of its parent when that fails later', async () => {
    const script = { script: { ship: ['permanent'] } } as const;
    const all = await family(paySaga, { script: { receipt: ['permanent'] } }, script);
    await all.order(all.childId, 'skip');
    expect((await all.state(all.id)).status).toBe('compensated');
    expect(called(all)).toEqual(['stock', 'ship', 'refund', 'restock']);
  });

  test('is done when the person says that what was in doubt happened', async () => {
    const all = await family(paySaga, { script: { charge: ['applied-then-lost'] } });
    await all.order(all.childId, 'skip');
    expect((await all.state(all.id)).status).toBe('completed');
  });
});

describe('a child whose compensation was given up', () => {
  test('leaves its parent partial, and the parent says who gave it up', async () => {
    const all = await family(paySaga, {
      script: { charge: ['permanent'] },
      always: { unreserve: 'permanent' },
    });
    expect((await all.state(all.childId)).status).toBe('compensation_failed');
    await all.order(all.childId, 'skip');
    expect(await all.state(all.id)).toMatchObject({
      status: 'compensation_failed',
      resolution: { by: 'ada', reason: 'settled by hand' },
      steps: [
        { name: 'stock', status: 'compensated' },
        { name: 'pay', status: 'skipped' },
      ],
    });
  });

  test('leaves every saga above it partial, up to the root', async () => {
    const middle = parentOf(paySaga, 'middle');
    const root = defineSaga({ id: 'root', input: ANYTHING, activities: {} as Any })
      .child('middle', { saga: middle, input, compensate: { activity: 'undoMiddle', input } })
      .build();
    const engine = await openTestEngine(root, new FakeActivities(root));
    open = engine;
    engine.register(middle, new FakeActivities(middle));
    const child = {
      script: { charge: ['permanent'] },
      always: { unreserve: 'permanent' },
    } as const;
    engine.register(paySaga, new FakeActivities(paySaga, child));
    const id = await engine.spawn({});
    await engine.advance('1m');
    const at = `${id}.middle.1.pay.1`;
    await engine.command(at, { name: 'accept-partial', by: 'ada', reason: 'it may stand' });
    await engine.advance('1m');
    for (const each of [at, `${id}.middle.1`, id]) {
      expect(await engine.backstep.saga(each).state()).toMatchObject({
        status: 'compensation_failed',
        resolution: { by: 'ada', reason: 'it may stand' },
      });
    }
  });
});

describe('a child that was terminated', () => {
  test('past its pivot is in doubt, and a person is asked', async () => {
    const all = await family(paySaga, { script: { receipt: ['hang', 'hang'] } });
    const running = await all.state(all.childId);
    if (running.status === 'failed') await all.order(all.childId, 'retry');
    await all.order(all.childId, 'terminate');
    const { status, steps } = await all.state(all.id);
    expect(status).toBe('compensation_failed');
    expect(steps.at(-1)).toMatchObject({ name: 'pay', mayHaveHappened: true });
  });
});

const kit = setup({
  actors: { work: activity<null, null>(), unwork: activity<null, null>() },
});

/** Does its work, and ends in `ends`. */
function childEnding(ends: object, more: object = {}): SagaDefinition {
  const machine = kit.createMachine({
    id: 'pay',
    initial: 'working',
    states: {
      working: {
        meta: { step: 'work' },
        invoke: { id: 'work', src: 'work', input: null, onDone: 'over', ...more },
      },
      over: { type: 'final', ...ends },
    },
  } as never);
  return durable(machine as unknown as AnyStateMachine);
}

describe('a child whose machine ends by itself', () => {
  test('as failed is in doubt: its parent undoes it', async () => {
    const all = await family(childEnding({ tags: ['failed'] }), {});
    expect((await all.state(all.childId)).status).toBe('failed');
    expect((await all.state(all.id)).status).toBe('compensated');
    expect(called(all)).toEqual(['stock', 'refund', 'restock']);
  });

  test('as compensation_failed leaves the decision to a person, at both', async () => {
    const all = await family(childEnding({ tags: ['compensation_failed'] }), {});
    expect((await all.state(all.id)).status).toBe('compensation_failed');
    await all.order(all.childId, 'accept-partial');
    await all.order(all.id, 'retry');
    expect(await all.state(all.id)).toMatchObject({
      status: 'compensation_failed',
      resolution: { by: 'ada' },
    });
  });

  test('with a tag that is no status is done', async () => {
    const all = await family(childEnding({ tags: ['whatever'] }), {});
    expect((await all.state(all.id)).status).toBe('completed');
  });

  test('in an error where nothing stands never happened', async () => {
    const all = await family(childEnding({}), { script: { work: ['permanent'] } });
    expect((await all.state(all.childId)).status).toBe('parked');
    expect((await all.state(all.id)).status).toBe('compensated');
    expect(called(all)).toEqual(['stock', 'restock']);
  });

  test('in an error that leaves doubt is in doubt, and its parent does not wait', async () => {
    const all = await family(childEnding({}), { script: { work: ['lost'] } });
    const { status, steps } = await all.state(all.id);
    expect(status).toBe('compensation_failed');
    expect(steps.at(-1)).toMatchObject({ name: 'pay', mayHaveHappened: true });
  });
});

test('a parent that was left waiting by a crash hears of the end all the same', async () => {
  const all = await family(childEnding({ tags: ['failed'] }), { script: { work: ['hang'] } });
  await all.engine.crash();
  await all.engine.advance('1m');
  expect((await all.state(all.id)).status).toBe('compensated');
});

test('a child that runs a plain machine without a step of its own is done at its end', async () => {
  const plain = durable(
    createMachine({
      id: 'pay',
      initial: 'a',
      states: { a: { always: 'b' }, b: { type: 'final' } },
    }),
  );
  const all = await family(plain, {});
  expect((await all.state(all.id)).status).toBe('completed');
});

test('a child of a plain machine with a final state tagged "failed" is done, as live', async () => {
  const plain = durable(
    createMachine({ id: 'pay', initial: 'a', states: { a: { type: 'final', tags: ['failed'] } } }),
  );
  const all = await family(plain, {});
  expect((await all.state(all.id)).status).toBe('completed');
});
