/** Callbacks, observables and the snapshots of child machines, heard while they are wanted. */
import { describe, expect, test } from 'vitest';
import {
  assign,
  createMachine,
  type EventObject,
  fromCallback,
  fromEventObservable,
  fromObservable,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import { machineEngine } from '../../fixtures/machine-engine.ts';

/** A source whose observers a test speaks to. */
function source() {
  const observers = new Set<{
    next(value: unknown): void;
    error(error: unknown): void;
    complete(): void;
  }>();
  const observable = {
    subscribe: (observer: never) => {
      observers.add(observer);
      return { unsubscribe: () => void observers.delete(observer) };
    },
  };
  return { observers, observable: observable as never };
}

describe('a callback', () => {
  function clinic() {
    const alive = new Set<(event: EventObject) => void>();
    const heard: string[] = [];
    const machine = setup({
      types: { context: {} as { ticks: number } },
      actors: {
        ticker: fromCallback<EventObject, { every: number }>(({ sendBack, receive, input }) => {
          alive.add(sendBack);
          receive((event) => heard.push(`${event.type} ${input.every}`));
          sendBack({ type: 'TICK' });
          return () => void alive.delete(sendBack);
        }),
      },
    }).createMachine({
      id: 'clinic',
      context: { ticks: 0 },
      initial: 'open',
      states: {
        open: {
          invoke: { id: 'ticker', src: 'ticker', input: { every: 5 } },
          on: {
            TICK: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) },
            ASK: { actions: sendTo('ticker', { type: 'ASKED' }) },
            SHUT: 'shut',
          },
        },
        shut: {},
      },
    });
    return { machine, alive, heard };
  }

  test('runs while its state is entered, and is started again by the next process', async () => {
    const { machine, alive } = clinic();
    const { engine, sight } = await machineEngine(machine);
    const id = await engine.spawn(null);
    expect(await sight(id)).toMatchObject({ context: { ticks: 1 } });
    await engine.crash();
    expect(await sight(id)).toMatchObject({ value: 'open', context: { ticks: 2 } });
    for (const sendBack of alive) sendBack({ type: 'TICK' });
    await engine.quiet();
    // The one of the dead process is not heard.
    expect(await sight(id)).toMatchObject({ context: { ticks: 3 } });
    await engine.send(id, { type: 'SHUT' });
    for (const sendBack of alive) sendBack({ type: 'TICK' });
    await engine.quiet();
    expect(await sight(id)).toMatchObject({ value: 'shut', context: { ticks: 3 } });
  });

  test('receives what its machine sends to it, and is no step of the saga', async () => {
    const { machine, heard } = clinic();
    const { engine } = await machineEngine(machine);
    const id = await engine.spawn(null);
    await engine.send(id, { type: 'ASK' });
    expect(heard).toEqual(['ASKED 5']);
    expect((await engine.story(id)).state.steps).toEqual([]);
  });

  test('that throws is an error of its machine', async () => {
    const machine = createMachine({
      id: 'broken',
      initial: 'on',
      states: {
        on: {
          invoke: {
            src: fromCallback(() => {
              throw new RangeError('no line');
            }),
            onError: { target: 'off', actions: assign({ why: ({ event }) => event.error }) },
          },
        },
        off: {},
      },
    });
    const { engine, sight } = await machineEngine(machine);
    const { value, context } = await sight(await engine.spawn(null));
    expect(value).toBe('off');
    expect(context['why']).toMatchObject({ name: 'RangeError', message: 'no line' });
  });
});

test('a callback that is bound as an activity is refused, which would end it at once', async () => {
  const machine = setup({ actors: { ticker: fromCallback(() => {}) } }).createMachine({
    id: 'clinic',
    invoke: { src: 'ticker' },
  });
  await expect(machineEngine(machine, { activities: { ticker: () => null } })).rejects.toThrow(
    'saga "clinic": "ticker" is bound as an activity, but is an actor of the machine',
  );
});

describe('an observable', () => {
  test('is heard by its snapshots, and ends in a result', async () => {
    const { observers, observable } = source();
    const machine = setup({ actors: { level: fromObservable(() => observable) } }).createMachine({
      id: 'tank',
      context: { levels: [] as unknown[] },
      initial: 'filling',
      states: {
        filling: {
          invoke: {
            src: 'level',
            id: 'level',
            onSnapshot: {
              actions: assign({
                levels: ({ context, event }) => [
                  ...(context.levels as unknown[]),
                  event.snapshot.context ?? 'none',
                ],
              }),
            },
            onDone: 'full',
          },
        },
        full: {},
      },
    });
    const { engine, sight } = await machineEngine(machine);
    const id = await engine.spawn(null);
    for (const observer of observers) observer.next(7);
    await engine.quiet();
    expect(await sight(id)).toMatchObject({ context: { levels: ['none', 7] } });
    for (const observer of observers) observer.complete();
    await engine.quiet();
    expect(await sight(id)).toMatchObject({ value: 'full' });
    expect(observers.size).toBe(0);
  });

  test('of events sends them to its machine', async () => {
    const { observers, observable } = source();
    const machine = createMachine({
      id: 'mouse',
      initial: 'up',
      states: { up: { on: { DOWN: 'down' } }, down: {} },
      invoke: { src: fromEventObservable(() => observable) },
    });
    const { engine, sight } = await machineEngine(machine);
    const id = await engine.spawn(null);
    for (const observer of observers) observer.next({ type: 'DOWN' });
    await engine.quiet();
    expect(await sight(id)).toMatchObject({ value: 'down' });
  });
});

test('an actor that is spawned shows its snapshots where that is asked for', async () => {
  const noted = assign({
    seen: ({ context, event }: { context: { seen: unknown[] }; event: EventObject }) => [
      ...context.seen,
      (event as unknown as { snapshot: { context?: unknown } }).snapshot.context ?? 'none',
    ],
  });
  const { observers, observable } = source();
  const meter = createMachine({
    id: 'meter',
    context: { turns: 0 },
    on: { TURN: { actions: assign({ turns: ({ context }) => context.turns + 1 }) } },
  });
  const machine = setup({
    actors: { meter, level: fromObservable(() => observable) },
    actions: { noted: noted as never },
  }).createMachine({
    id: 'plant',
    context: { seen: [] as unknown[] },
    entry: [
      spawnChild('meter', { id: 'meter', syncSnapshot: true }),
      spawnChild('level', { id: 'level', syncSnapshot: true }),
    ],
    on: {
      TURN: { actions: sendTo('meter', { type: 'TURN' }) },
      'xstate.snapshot.*': { actions: 'noted' },
    },
  });
  const { engine, sight } = await machineEngine(machine);
  const id = await engine.spawn(null);
  await engine.send(id, { type: 'TURN' });
  for (const observer of observers) observer.next(7);
  await engine.quiet();
  expect((await sight(id)).context['seen']).toEqual(['none', { turns: 0 }, { turns: 1 }, 7]);
});

test('a child machine shows its snapshots to a parent that listens, over a restart', async () => {
  const child = createMachine({
    id: 'lamp',
    initial: 'off',
    context: { turns: 0 },
    states: { off: { on: { TURN: 'on' } }, on: { on: { TURN: 'off' } } },
  });
  const machine = setup({ actors: { lamp: child } }).createMachine({
    id: 'room',
    context: { seen: [] as unknown[] },
    invoke: {
      src: 'lamp',
      id: 'lamp',
      onSnapshot: {
        actions: assign({
          seen: ({ context, event }) => [
            ...(context.seen as unknown[]),
            [event.snapshot.value, event.snapshot.matches('on')],
          ],
        }),
      },
    },
    on: { TURN: { actions: sendTo('lamp', { type: 'TURN' }) } },
  });
  const { engine, sight } = await machineEngine(machine);
  const id = await engine.spawn(null);
  await engine.send(id, { type: 'TURN' });
  await engine.crash();
  await engine.send(id, { type: 'TURN' });
  await engine.quiet();
  expect((await sight(id)).context['seen']).toEqual([
    ['off', false],
    ['on', true],
    ['off', false],
  ]);
});
