/** Machines as they are written for live actors: actors without ids, references, a system, `self`. */
import {
  type AnyActorRef,
  assign,
  cancel,
  emit,
  fromTransition,
  not,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { type Case, types } from '../case.ts';

/** Ids that XState makes, a delay that is a number, an error that is kept, no result. */
const errand = setup({
  types: { context: {} as { error: unknown; found: unknown; tries: number } },
  actors: { look: activity<{ tries: number }, unknown>() },
}).createMachine({
  id: 'errand',
  context: { error: null, found: 'nothing', tries: 0 },
  initial: 'looking',
  states: {
    looking: {
      invoke: {
        src: 'look',
        input: ({ context }) => ({ tries: context.tries }),
        onDone: [
          { guard: ({ event }) => event.output === undefined, target: 'empty' },
          { target: 'found', actions: assign({ found: ({ event }) => event.output }) },
        ],
        onError: { target: 'resting', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    resting: {
      after: {
        1000: [
          {
            guard: ({ context: { error, tries } }) =>
              error instanceof Error && Reflect.get(error, 'status') === 503 && tries < 2,
            target: 'looking',
            actions: assign({ tries: ({ context }) => context.tries + 1 }),
          },
          { target: 'empty' },
        ],
      },
    },
    empty: { on: { AGAIN: 'looking' } },
    found: { type: 'final' },
  },
});

/** A reducer inside the machine, invoked under a system id, whose snapshots are listened to. */
const till = setup({
  types: {
    context: {} as { totals: number[]; asked: number },
    events: {} as { type: 'ADD'; by: number } | { type: 'ASK' } | { type: 'SHUT' },
  },
  actors: {
    sum: fromTransition(
      (state: { total: number }, event: { type: string; by?: number }) =>
        event.type === 'ADD' ? { total: state.total + (event.by ?? 0) } : state,
      ({ input }: { input: { from: number } }) => ({ total: input.from }),
    ),
  },
}).createMachine({
  id: 'till',
  context: { totals: [], asked: 0 },
  initial: 'open',
  states: {
    open: {
      invoke: {
        src: 'sum',
        id: 'sum',
        systemId: 'theSum',
        input: { from: 5 },
        onSnapshot: {
          actions: assign({
            totals: ({ context, event }) => [...context.totals, event.snapshot.context.total],
          }),
        },
      },
      on: {
        ADD: [
          {
            guard: ({ event }) => event.by > 1,
            actions: sendTo(
              ({ system }) => system.get('theSum') as AnyActorRef,
              ({ event }) => event,
            ),
          },
          { actions: sendTo('sum', ({ event }) => event) },
        ],
        ASK: {
          actions: assign({
            asked: ({ self }) => {
              const { sum } = self.getSnapshot().children as Record<string, AnyActorRef>;
              const seen = sum?.getSnapshot() as { context: { total: number } } | undefined;
              return seen?.context.total ?? 0;
            },
          }),
        },
        SHUT: 'shut',
      },
    },
    shut: { on: { ASK: 'open', ADD: { actions: sendTo(({ self }) => self, { type: 'SHUT' }) } } },
  },
});

const weightIn = ({ sum }: { readonly sum: AnyActorRef }): number =>
  (sum.getSnapshot() as { readonly context: { readonly total: number } }).context.total;

/** Guards and a delay that look at a reducer through the context, before and after a restart. */
const scale = setup({
  types: {
    context: {} as { sum: AnyActorRef; weighed: number },
    events: {} as { type: 'ADD'; by: number } | { type: 'WEIGH' } | { type: 'ASK' },
  },
  actors: {
    sum: fromTransition(
      (state: { total: number }, event: { type: string; by?: number }) =>
        event.type === 'ADD' ? { total: state.total + (event.by ?? 0) } : state,
      { total: 0 },
    ),
  },
  guards: { isHeavy: ({ context }) => weightIn(context) > 9 },
  delays: { SETTLING: ({ context }) => 100 * weightIn(context) },
}).createMachine({
  id: 'scale',
  context: ({ spawn }) => ({ sum: spawn('sum', { id: 'sum' }), weighed: 0 }),
  initial: 'light',
  states: {
    light: {
      on: {
        ADD: { actions: sendTo('sum', ({ event }) => event) },
        WEIGH: [
          { guard: 'isHeavy', target: 'heavy' },
          { guard: ({ context }) => weightIn(context) > 2, target: 'middling' },
        ],
        ASK: {
          guard: not('isHeavy'),
          actions: assign({ weighed: ({ context }) => weightIn(context) }),
        },
      },
    },
    middling: { after: { SETTLING: 'light' } },
    heavy: {
      always: { guard: ({ context }) => weightIn(context) > 15, target: 'broken' },
      on: { ADD: { target: 'heavy', reenter: true, actions: sendTo('sum', ({ event }) => event) } },
    },
    broken: {},
  },
});

/** Actors that assigns spawn, kept in the context, stopped through their references. */
const desk = setup({
  types: {
    context: {} as { calls: { ref: AnyActorRef; of: string }[]; count: number; log: string[] },
    events: {} as { type: 'CALL'; of: string } | { type: 'HANG_UP' } | { type: 'LOUD' },
  },
  actors: { call: activity<{ of: string }, unknown>(), note: activity<null, null>() },
  actions: {
    hear: assign({ log: ({ context, event }) => [...context.log, event.type].slice(-4) }),
  },
}).createMachine({
  id: 'desk',
  context: ({ spawn }) => ({
    calls: [{ ref: spawn('call', { id: 'call-0', input: { of: 'me' } }), of: 'me' }],
    count: 0,
    log: [],
  }),
  initial: 'on',
  states: { on: {} },
  on: {
    CALL: {
      actions: [
        assign({
          count: ({ context }) => context.count + 1,
          calls: ({ context, event, spawn }) => [
            ...context.calls,
            {
              ref: spawn('call', { id: `call-${context.count + 1}`, input: { of: event.of } }),
              of: event.of,
            },
          ],
        }),
        sendTo(({ context }) => context.calls.at(-1)?.ref as AnyActorRef, { type: 'HELLO' }),
      ],
    },
    HANG_UP: {
      guard: ({ context }) => context.calls.length > 0,
      actions: [
        stopChild(({ context }) => context.calls[0]?.ref as AnyActorRef),
        assign({ calls: ({ context }) => context.calls.slice(1) }),
      ],
    },
    LOUD: {
      actions: [
        stopChild('note'),
        spawnChild('note', { id: 'note', input: null }),
        sendTo('note', { type: 'HELLO' }),
      ],
    },
    'xstate.done.actor.*': {
      actions: 'hear',
    },
    'xstate.error.actor.*': {
      actions: 'hear',
    },
  },
});

/** Speaks to itself from assigns and mappers, later too, and looks at itself. */
const mirror = setup({
  types: {
    context: {} as { seen: unknown[]; echoes: number },
    events: {} as { type: 'LOOK' } | { type: 'ECHO' } | { type: 'LATER' } | { type: 'NO' },
  },
  delays: { LATER: 2_000 },
}).createMachine({
  id: 'mirror',
  context: { seen: [], echoes: 0 },
  initial: 'left',
  states: {
    left: { on: { ECHO: 'right' } },
    right: { on: { ECHO: 'left' } },
  },
  on: {
    LOOK: {
      actions: [
        assign({
          seen: ({ self, context }) => {
            self.send({ type: 'ECHO' });
            return [...context.seen, self.getSnapshot().value].slice(-3);
          },
        }),
        sendTo(({ self }) => self, { type: 'LATER' }),
        emit(({ self }) => ({ type: 'seen', was: self.getSnapshot().value })),
      ],
    },
    LATER: {
      actions: [
        cancel('echo'),
        sendTo(({ self }) => self, { type: 'ECHO' }, { id: 'echo', delay: 'LATER' }),
        assign({ echoes: ({ context }) => context.echoes + 1 }),
      ],
    },
    NO: { actions: cancel('echo') },
  },
});

/** Opens on events that no transition takes, and on routes. */
const doors = setup({}).createMachine({
  id: 'doors',
  initial: 'shut',
  states: {
    shut: { always: { guard: ({ event }) => event.type === 'KNOCK', target: 'ajar' } },
    ajar: {
      always: { guard: ({ event }) => event.type === 'WIND', target: 'shut' },
      on: { PUSH: 'open' },
    },
    open: { id: 'open', route: {}, on: { PUSH: 'shut' } },
  },
});

export const ACTOR_CASES: Readonly<Record<string, Case>> = {
  'an errand with ids that nobody gave': {
    machine: errand,
    events: types('AGAIN', 'NOTHING'),
    outputs: { '0.errand.looking': [undefined, 'a key', null] },
    spansMs: [500, 1_000],
  },
  'a till with a reducer inside': {
    machine: till,
    events: [
      ...[1, 2, 7].map((by) => ({ type: 'ADD', by })),
      ...types('ASK', 'ASK', 'SHUT', 'WHAT'),
    ],
  },
  'a scale that looks at a reducer in its guards': {
    machine: scale,
    events: [...[1, 2, 7].map((by) => ({ type: 'ADD', by })), ...types('WEIGH', 'ASK', 'WEIGH')],
    spansMs: [200, 1_000],
  },
  'a desk that keeps what it spawned': {
    machine: desk,
    events: [{ type: 'CALL', of: 'you' }, ...types('HANG_UP', 'LOUD')],
  },
  'a mirror that speaks to itself': {
    machine: mirror,
    events: types('LOOK', 'ECHO', 'NO'),
    spansMs: [500, 2_000, 5_000],
  },
  'doors that nobody opens by a transition': {
    machine: doors,
    events: [...types('KNOCK', 'WIND', 'PUSH'), { type: 'xstate.route', to: '#open' }],
  },
};
