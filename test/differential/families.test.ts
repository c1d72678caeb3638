/**
 * A parent and its child machines twice: as live actors of XState in one system, and as durable
 * sagas of their own in a real engine that crashes in between. Once all is quiet, nobody can tell
 * them apart.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnyActorRef,
  type AnyMachineSnapshot,
  assign,
  createActor,
  sendParent,
  sendTo,
  setup,
  SimulatedClock,
  spawnChild,
  stopChild,
} from 'xstate';
import { durable } from '../../src/core/define/durable.ts';
import type { SagaState } from '../../src/core/state.ts';
import { openTestEngine, type TestEngine } from '../../src/testing/test-engine.ts';
import { plain } from './case.ts';

/**
 * Cooked by the clock, hurried by the waiter, says when it begins; it knows its waiter by the
 * reference that it was given.
 */
const dish = setup({
  types: {
    context: {} as { name: string; hurried: number; of: AnyActorRef },
    input: {} as { name: string; of: AnyActorRef },
    output: {} as { name: string; hurried: number },
  },
  delays: { COOKING: 60_000 },
}).createMachine({
  id: 'dish',
  context: ({ input }) => ({ ...input, hurried: 0 }),
  initial: 'prepared',
  states: {
    prepared: {
      entry: sendParent({ type: 'dish.prepared' }),
      on: { FIRE: 'cooking' },
    },
    cooking: {
      after: { COOKING: 'served' },
      on: {
        HURRY: [
          { guard: ({ context }) => context.hurried > 0, target: 'served' },
          {
            actions: [
              assign({ hurried: ({ context }) => context.hurried + 1 }),
              sendTo(({ context }) => context.of, { type: 'dish.hurried' }),
            ],
          },
        ],
      },
    },
    served: { type: 'final' },
  },
  output: ({ context: { name, hurried } }) => ({ name, hurried }),
});

/** A drink is poured at once, or spilled when it is hurried. */
const drink = setup({}).createMachine({
  id: 'drink',
  initial: 'pouring',
  states: {
    pouring: { on: { POURED: 'full', HURRY: 'spilled' } },
    full: { type: 'final', output: 'full' },
    spilled: { type: 'final', output: 'spilled' },
  },
  output: ({ event }) => Reflect.get(event, 'output'),
});

/** Spawns the dish, invokes the drink. */
const waiter = setup({
  types: { context: {} as { heard: string[]; served: unknown[] } },
  actors: { dish, drink },
  actions: {
    hear: assign({ heard: ({ context, event }) => [...context.heard, event.type].slice(-6) }),
    serve: assign({
      served: ({ context, event }) =>
        [...context.served, Reflect.get(event, 'output') as unknown].slice(-4),
    }),
  },
}).createMachine({
  id: 'waiter',
  context: { heard: [], served: [] },
  type: 'parallel',
  states: {
    meal: {
      initial: 'none',
      states: {
        none: {
          on: {
            ORDER: {
              target: 'ordered',
              actions: spawnChild('dish', {
                id: 'dish',
                input: ({ self }) => ({ name: 'soup', of: self }),
              }),
            },
          },
        },
        ordered: {
          on: {
            'dish.*': { actions: 'hear' },
            FIRE: { actions: sendTo('dish', { type: 'FIRE' }) },
            HURRY: { actions: sendTo('dish', { type: 'HURRY' }) },
            CANCEL: { target: 'none', actions: stopChild('dish') },
            'xstate.done.actor.dish': { target: 'none', actions: 'serve' },
          },
        },
      },
    },
    bar: {
      initial: 'none',
      states: {
        none: { on: { DRINK: 'ordered' } },
        ordered: {
          invoke: {
            id: 'drink',
            src: 'drink',
            onDone: { target: 'none', actions: 'serve' },
          },
          on: {
            POUR: { actions: sendTo('drink', { type: 'POURED' }) },
            SPILL: { actions: sendTo('drink', { type: 'HURRY' }) },
            CANCEL: 'none',
          },
        },
      },
    },
  },
});

const waiterSaga = durable(waiter, { children: { dish: durable(dish), drink: durable(drink) } });

const EVENTS = ['ORDER', 'FIRE', 'HURRY', 'CANCEL', 'DRINK', 'POUR', 'SPILL'] as const;

const happening = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...EVENTS) },
  { weight: 2, arbitrary: fc.constant('a minute' as const) },
  { weight: 1, arbitrary: fc.constant('a crash' as const) },
);

type Sight = Readonly<Record<string, { readonly value: unknown; readonly context: unknown }>>;

function sightOfLive(snapshot: AnyMachineSnapshot): Sight {
  const children = snapshot.children as Readonly<Record<string, AnyActorRef | undefined>>;
  const active = Object.entries(children).flatMap(([id, child]) => {
    const inner = child?.getSnapshot() as AnyMachineSnapshot | undefined;
    return inner?.status === 'active' ? [[id, sightOf(inner)] as const] : [];
  });
  return { waiter: sightOf(snapshot), ...Object.fromEntries(active) };
}

// What a reference says of itself is each side's own; what is sent through it is seen.
function sightOf({ value, context }: AnyMachineSnapshot) {
  const { of: _, ...seen } = context as { readonly of?: unknown };
  return { value: value as unknown, context: plain(seen) };
}

async function sightOfSagas(engine: TestEngine, id: string): Promise<Sight> {
  const stateOf = async (sagaId: string): Promise<SagaState> => {
    const state = await engine.backstep.saga(sagaId).state();
    if (state === null) throw new Error(`there is no saga ${sagaId}`);
    return state;
  };
  const { snapshot, live } = await stateOf(id);
  const children = Object.entries(live.activities).map(
    async ([name, { childId = '' }]) => [name, sightOf((await stateOf(childId)).snapshot)] as const,
  );
  return { waiter: sightOf(snapshot), ...Object.fromEntries(await Promise.all(children)) };
}

test('a family of machines is the same alive and durable, over crashes', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 6, maxLength: 16, size: 'max' }),
      async (happenings) => {
        const clock = new SimulatedClock();
        const live = createActor(waiter, { clock }).start();
        const engine = await openTestEngine(waiterSaga, { activities: {} });
        for (const child of Object.values(waiterSaga.children)) {
          engine.register(child, { activities: {} });
        }
        try {
          const id = await engine.spawn(null);
          for (const what of happenings) {
            if (what === 'a crash') await engine.crash();
            else if (what === 'a minute') {
              clock.increment(60_000);
              await engine.advance('1m');
            } else {
              live.send({ type: what });
              // What nobody waits for is dropped by an actor and refused by a saga.
              await engine.send(id, { type: what }).catch(() => null);
            }
            const expected = sightOfLive(live.getSnapshot());
            expect(await sightOfSagas(engine, id)).toEqual(expected);
            seen.add(JSON.stringify(Object.values(expected).map(({ value }) => value)));
          }
        } finally {
          engine.close();
        }
      },
    ),
    { seed: 20_260_401, numRuns: 15 },
  );
  // Both regions in every combination, the dish prepared and cooking, the drink poured.
  expect(seen.size).toBeGreaterThanOrEqual(6);
});
