/** Machines that bring their own promises and machines along, run as they are. */
import { describe, expect, test } from 'vitest';
import { assign, createMachine, fromPromise, setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { machineEngine } from '../../fixtures/machine-engine.ts';

class Refused extends Error {
  override readonly name = 'Refused';
  readonly status = 404;
  readonly where = { page: 7 };
}

const parcel = setup({
  types: { context: {} as { error: unknown; weight: unknown }, input: {} as { of: string } },
  actors: {
    weigh: fromPromise<unknown, { of: string }>(({ input }) =>
      input.of === 'air' ? Promise.resolve(undefined) : Promise.resolve(input.of.length),
    ),
    post: fromPromise(() => Promise.reject(new Refused('no such street'))),
  },
}).createMachine({
  id: 'parcel',
  context: { error: null, weight: 'not weighed' },
  initial: 'weighing',
  states: {
    weighing: {
      invoke: {
        src: 'weigh',
        input: ({ event }) => ({ of: (event as unknown as { input: { of: string } }).input.of }),
        onDone: [
          {
            guard: ({ event }) => event.output === undefined,
            target: 'weightless',
            actions: assign({ weight: 'nothing' }),
          },
          { target: 'resting', actions: assign({ weight: ({ event }) => event.output }) },
        ],
      },
    },
    weightless: {},
    resting: { after: { 1000: 'posting' } },
    posting: {
      invoke: {
        src: 'post',
        onError: { target: 'refused', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    refused: {
      on: {
        ASK: [
          {
            guard: ({ context: { error } }) =>
              error instanceof Error &&
              error.name === 'Refused' &&
              error.message === 'no such street' &&
              (error as Refused).status === 404 &&
              (error as Refused).where.page === 7,
            target: 'known',
          },
          'unknown',
        ],
      },
    },
    known: {},
    unknown: {},
  },
});

describe('a machine with promises of its own', () => {
  test('is registered without any bindings and calls its own creators', async () => {
    const { engine, sight } = await machineEngine(parcel);
    const id = await engine.spawn({ of: 'lead' });
    expect(await sight(id)).toMatchObject({ value: 'resting', context: { weight: 4 } });
    await engine.crash();
    await engine.advance('1s');
    expect(await sight(id)).toMatchObject({ value: 'refused' });
  });

  test('takes no result for undefined, as live', async () => {
    const { engine, sight } = await machineEngine(parcel);
    expect(await sight(await engine.spawn({ of: 'air' }))).toMatchObject({ value: 'weightless' });
  });

  test.each(['before', 'after'])('reads what was thrown %s a restart', async (when) => {
    const { engine, sight } = await machineEngine(parcel);
    const id = await engine.spawn({ of: 'lead' });
    await engine.advance('1s');
    if (when === 'after') await engine.crash();
    await engine.send(id, { type: 'ASK' });
    expect(await sight(id)).toMatchObject({ value: 'known' });
  });

  test('runs what is bound at registration instead', async () => {
    const { engine, sight } = await machineEngine(parcel, { activities: { weigh: () => 12 } });
    const id = await engine.spawn({ of: 'lead' });
    expect(await sight(id)).toMatchObject({ context: { weight: 12 } });
  });

  test('hears what is thrown that is no error', async () => {
    const { engine, sight } = await machineEngine(parcel, {
      activities: {
        post: () => {
          // oxlint-disable-next-line typescript/only-throw-error
          throw { type: 'ServiceNotAvailable', at: 5 };
        },
      },
    });
    const id = await engine.spawn({ of: 'lead' });
    await engine.advance('1s');
    expect(await sight(id)).toMatchObject({
      value: 'refused',
      context: { error: { type: 'ServiceNotAvailable', at: 5 } },
    });
  });

  test('is told what its creator reaches for that a durable activity has not', async () => {
    const machine = createMachine({
      id: 'talker',
      invoke: {
        src: fromPromise(async ({ self }) => {
          self.send({ type: 'xstate.promise.resolve' });
          await Promise.resolve();
        }),
        onError: { actions: assign({ why: ({ event }) => event.error }) },
      },
    });
    const { engine, sight } = await machineEngine(machine);
    const { context } = await sight(await engine.spawn(null));
    expect(String(context['why'])).toMatch(
      /self\.send is not there outside of a turn of its machine; give back a result/,
    );
  });
});

describe('a machine written into another one', () => {
  const dish = createMachine({
    id: 'dish',
    initial: 'raw',
    context: ({ input }) => ({ of: input }),
    states: {
      raw: { invoke: { src: fromPromise(() => Promise.resolve('salt')), onDone: 'cooking' } },
      cooking: { after: { 60_000: 'served' } },
      served: { type: 'final' },
    },
    output: ({ context }): unknown => context.of,
  });
  const meal = createMachine({
    id: 'meal',
    initial: 'cooking',
    states: {
      cooking: {
        invoke: { src: dish, input: 'soup', onDone: { target: 'eaten', actions: 'keep' } },
      },
      eaten: {},
    },
  }).provide({
    actions: { keep: assign({ of: ({ event }): unknown => Reflect.get(event, 'output') }) },
  });

  test('is registered with it and runs as a saga of its own, over a restart', async () => {
    const { engine, sight } = await machineEngine(meal);
    const id = await engine.spawn(null);
    expect(engine.backstep.definitions().map((each) => each.id)).toEqual([
      'meal.0.meal.cooking',
      'meal',
    ]);
    await engine.crash();
    await engine.advance('1m');
    expect(await sight(id)).toMatchObject({ value: 'eaten', context: { of: 'soup' } });
  });

  test('is refused with all that is wrong in both', () => {
    const broken = createMachine({ id: 'broken', after: { never: {} } });
    const around = createMachine({ id: 'around', invoke: { src: broken }, after: { soon: {} } });
    expect(() => durable(around)).toThrow(
      /machine "around": 2 things[^]*unknown delay "never"[^]*unknown delay "soon"/,
    );
  });
});

test('a machine without an id is taken under the one that durable is given', async () => {
  const { engine } = await machineEngine(durable(createMachine({}), { id: 'nameless' }));
  const id = await engine.spawn(null);
  expect((await engine.backstep.read.saga(id))?.type).toBe('nameless');
});
