/** Machines that decide: guards put together, `always`, enqueued actions, raised events. */
import { and, assign, emit, enqueueActions, not, or, raise, setup, stateIn } from 'xstate';
import { type Case, types } from '../case.ts';

/** A form: guards with parameters, `always`, output of the whole from the final state. */
const feedback = setup({
  types: {
    context: {} as { name: string; score: number | null; text: string; tries: number },
    input: {} as { name: string },
    output: {} as { score: number; words: number },
    events: {} as
      | { type: 'SCORE'; score: number }
      | { type: 'TEXT'; text: string }
      | { type: 'SUBMIT' }
      | { type: 'BACK' }
      | { type: 'CLOSE' },
  },
  guards: {
    isAtLeast: ({ context }, { least }: { least: number }) => (context.score ?? 0) >= least,
    hasText: ({ context }) => context.text.length > 0,
    isTired: ({ context }) => context.tries >= 3,
  },
}).createMachine({
  id: 'feedback',
  context: ({ input }) => ({ name: input.name, score: null, text: '', tries: 0 }),
  initial: 'asking',
  states: {
    asking: {
      on: {
        SCORE: { target: 'judging', actions: assign({ score: ({ event }) => event.score }) },
        CLOSE: 'closed',
      },
    },
    judging: {
      always: [
        { guard: { type: 'isAtLeast', params: { least: 4 } }, target: 'thanks' },
        { guard: { type: 'isAtLeast', params: { least: 1 } }, target: 'explaining' },
        { target: 'asking', actions: assign({ score: null }) },
      ],
    },
    explaining: {
      tags: ['writing'],
      on: {
        TEXT: { actions: assign({ text: ({ event }) => event.text }) },
        SUBMIT: [
          { guard: 'hasText', target: 'thanks' },
          { guard: 'isTired', target: 'closed' },
          { actions: assign({ tries: ({ context }) => context.tries + 1 }) },
        ],
        BACK: { target: 'asking', actions: assign({ score: null, text: '' }) },
      },
    },
    thanks: { on: { CLOSE: 'closed' } },
    closed: { type: 'final' },
  },
  output: ({ context }) => ({ score: context.score ?? 0, words: context.text.split(' ').length }),
});

/** `enqueueActions`: assign, raise, emit and check, with guards put together. */
const counter = setup({
  types: {
    context: {} as { count: number; limit: number; trail: string[] },
    input: {} as { limit: number },
    emitted: {} as { type: 'added'; count: number } | { type: 'full'; at: number },
    events: {} as
      { type: 'ADD'; by: number } | { type: 'OVERFLOW' } | { type: 'RESET' } | { type: 'LOCK' },
  },
  guards: {
    isFull: ({ context }) => context.count >= context.limit,
    isEmpty: ({ context }) => context.count === 0,
    isLocked: stateIn({ lock: 'on' }),
  },
  actions: {
    note: assign({
      trail: ({ context }, { what }: { what: string }) => [...context.trail, what].slice(-5),
    }),
  },
}).createMachine({
  id: 'counter',
  type: 'parallel',
  context: ({ input }) => ({ count: 0, limit: input.limit, trail: [] }),
  states: {
    tally: {
      initial: 'counting',
      states: {
        counting: {
          on: {
            ADD: {
              guard: not('isLocked'),
              actions: enqueueActions(({ context, event, enqueue, check }) => {
                enqueue.assign({ count: context.count + event.by });
                enqueue({ type: 'note', params: { what: `add ${event.by}` } });
                if (check('isFull')) enqueue.raise({ type: 'OVERFLOW' });
                else enqueue.emit({ type: 'added', count: context.count + event.by });
              }),
            },
            OVERFLOW: { target: 'full', actions: { type: 'note', params: { what: 'full' } } },
            RESET: {
              guard: and([not('isEmpty'), not('isLocked')]),
              actions: [assign({ count: 0 }), raise({ type: 'LOCK' })],
            },
          },
        },
        full: {
          entry: emit(({ context }) => ({ type: 'full' as const, at: context.count })),
          on: { RESET: { target: 'counting', actions: assign({ count: 0 }) } },
        },
      },
    },
    lock: {
      initial: 'off',
      states: {
        off: { on: { LOCK: { guard: or(['isFull', 'isEmpty']), target: 'on' } } },
        on: { on: { LOCK: 'off' } },
      },
    },
  },
});

/** A board as context, the end found by `always`, started over by re-entering the root's states. */
const nim = setup({
  types: {
    context: {} as { piles: number[]; turn: 'one' | 'two'; moves: number },
    events: {} as { type: 'TAKE'; pile: number; count: number } | { type: 'AGAIN' },
  },
  guards: {
    isAllowed: ({ context, event }) =>
      event.type === 'TAKE' && (context.piles[event.pile] ?? 0) >= event.count,
    isOver: ({ context }) => context.piles.every((pile) => pile === 0),
  },
}).createMachine({
  id: 'nim',
  context: { piles: [1, 2], turn: 'one', moves: 0 },
  initial: 'playing',
  states: {
    playing: {
      always: { guard: 'isOver', target: 'over' },
      on: {
        TAKE: {
          guard: 'isAllowed',
          actions: assign(({ context, event }) =>
            event.type === 'TAKE'
              ? {
                  piles: context.piles.map(
                    (pile, at) => pile - (at === event.pile ? event.count : 0),
                  ),
                  turn: context.turn === 'one' ? 'two' : 'one',
                  moves: context.moves + 1,
                }
              : {},
          ),
        },
      },
    },
    over: {
      initial: 'undecided',
      states: {
        undecided: {
          always: [
            { guard: ({ context }) => context.turn === 'one', target: 'two' },
            { target: 'one' },
          ],
        },
        one: { tags: ['won'] },
        two: { tags: ['won', 'by.two'] },
      },
      on: {
        AGAIN: { target: 'playing', actions: assign({ piles: [1, 2], moves: 0, turn: 'one' }) },
      },
    },
  },
});

export const GUARD_CASES: Readonly<Record<string, Case>> = {
  'a feedback form with guards and output': {
    machine: feedback,
    input: { name: 'guest' },
    passing: ['judging'],
    events: [
      ...[0, 2, 5].map((score) => ({ type: 'SCORE', score })),
      { type: 'TEXT', text: 'rather slow' },
      ...types('SUBMIT', 'BACK', 'CLOSE', 'UNKNOWN'),
    ],
  },
  'a counter with enqueued actions': {
    machine: counter,
    input: { limit: 4 },
    events: [
      ...[1, 2, -1].map((by) => ({ type: 'ADD', by })),
      ...types('RESET', 'LOCK', 'OVERFLOW'),
    ],
  },
  'a game with its board in the context': {
    machine: nim,
    passing: ['over.undecided'],
    events: [
      ...[0, 1].flatMap((pile) => [1, 2].map((count) => ({ type: 'TAKE', pile, count }))),
      { type: 'AGAIN' },
    ],
  },
};
