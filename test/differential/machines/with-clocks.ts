/** Machines that live by the clock: delays by name, by context, delayed and cancelled raises. */
import { assign, cancel, emit, raise, sendTo, setup } from 'xstate';
import { type Case, types } from '../case.ts';

/** Delays by name, nested; a power cut interrupts and is over again. */
const trafficLight = setup({
  types: { context: {} as { rounds: number } },
  delays: { GREEN: 5_000, YELLOW: 1_000, RED: 6_000, WALK: 2_000, FLASH: 2_000, REPAIR: 60_000 },
}).createMachine({
  id: 'light',
  context: { rounds: 0 },
  initial: 'green',
  states: {
    green: { after: { GREEN: 'yellow' }, on: { BUTTON: 'yellow' } },
    yellow: { after: { YELLOW: 'red' } },
    red: {
      entry: assign({ rounds: ({ context }) => context.rounds + 1 }),
      after: { RED: 'green' },
      initial: 'walk',
      states: {
        walk: { tags: ['walk'], after: { WALK: 'flash' } },
        flash: { after: { FLASH: 'stop' } },
        stop: { type: 'final' },
      },
      onDone: { actions: emit(({ context }) => ({ type: 'crossed', round: context.rounds })) },
    },
    dark: { after: { REPAIR: 'red' } },
  },
  on: { CUT: '.dark', BACK: '.red' },
});

/** A delay from the context, several candidates after it, and re-entering that starts it anew. */
const alarm = setup({
  types: {
    context: {} as { snoozes: number; firstMs: number },
    input: {} as { firstMs: number },
  },
  delays: {
    RING: ({ context }) => context.firstMs / (context.snoozes + 1),
    GIVE_UP: 60_000,
    AT_ONCE: 0,
  },
}).createMachine({
  id: 'alarm',
  context: ({ input }) => ({ snoozes: 0, firstMs: input.firstMs }),
  initial: 'set',
  states: {
    set: {
      after: {
        RING: [
          { guard: ({ context }) => context.snoozes > 2, target: 'broken' },
          { target: 'ringing' },
        ],
      },
      on: { AGAIN: { target: 'set', reenter: true }, TOUCH: { target: 'set' } },
    },
    ringing: {
      after: { GIVE_UP: 'quiet' },
      on: {
        SNOOZE: {
          target: 'set',
          actions: assign({ snoozes: ({ context }) => context.snoozes + 1 }),
        },
        STOP: 'quiet',
      },
    },
    quiet: { after: { AT_ONCE: 'off' } },
    off: { on: { AGAIN: 'set' } },
    broken: { type: 'final', output: 'broken' },
  },
  output: ({ event }) => ({ why: event.type }),
});

/** Typing is debounced: a delayed raise that the next key cancels. */
const debounce = setup({
  types: {
    context: {} as { text: string; searches: string[] },
    events: {} as
      | { type: 'KEY'; key: string }
      | { type: 'SEARCH' }
      | { type: 'CLEAR' }
      | { type: 'LATER' }
      | { type: 'IDLE' },
  },
  delays: { PAUSE: 1_000 },
}).createMachine({
  id: 'debounce',
  context: { text: '', searches: [] },
  initial: 'typing',
  states: {
    typing: {
      on: {
        KEY: {
          actions: [
            cancel('search'),
            assign({ text: ({ context, event }) => context.text + event.key }),
            raise({ type: 'SEARCH' }, { delay: 'PAUSE', id: 'search' }),
          ],
        },
        SEARCH: {
          actions: assign({
            searches: ({ context }) => [...context.searches, context.text].slice(-3),
          }),
        },
        CLEAR: { target: 'resting', actions: [cancel('search'), assign({ text: '' })] },
        // Without an id nobody can cancel it: each of them comes.
        LATER: { actions: raise({ type: 'IDLE' }, { delay: 2_000 }) },
        IDLE: { actions: emit(({ context }) => ({ type: 'idle', text: context.text })) },
      },
    },
    resting: {
      entry: raise({ type: 'IDLE' }, { delay: ({ context }) => 1_000 + context.searches.length }),
      on: { IDLE: 'typing', KEY: { target: 'typing', actions: cancel('nothing') } },
    },
  },
});

/** Doors and a motor: raised events between regions, and events sent to itself. */
const oven = setup({
  types: {
    context: {} as { secondsLeft: number },
    events: {} as
      | { type: 'OPEN' }
      | { type: 'CLOSE' }
      | { type: 'START'; seconds: number }
      | { type: 'TICK' }
      | { type: 'DONE' },
  },
  delays: { SECOND: 1_000 },
}).createMachine({
  id: 'oven',
  type: 'parallel',
  context: { secondsLeft: 0 },
  states: {
    door: {
      initial: 'closed',
      states: {
        closed: { on: { OPEN: 'open' } },
        open: { tags: ['unsafe'], on: { CLOSE: 'closed' } },
      },
    },
    motor: {
      initial: 'off',
      states: {
        off: {
          on: {
            START: {
              guard: ({ event }) => event.seconds > 0,
              target: 'on',
              actions: assign({ secondsLeft: ({ event }) => event.seconds }),
            },
          },
        },
        on: {
          initial: 'heating',
          states: {
            heating: {
              after: { SECOND: { target: 'counting' } },
              on: { OPEN: 'paused' },
            },
            counting: {
              entry: [
                assign({ secondsLeft: ({ context }) => context.secondsLeft - 1 }),
                raise(({ context }) =>
                  context.secondsLeft > 0 ? { type: 'TICK' as const } : { type: 'DONE' as const },
                ),
              ],
              on: { TICK: 'heating' },
            },
            paused: { on: { CLOSE: 'heating' } },
            again: { type: 'history' },
          },
          on: {
            DONE: { target: 'off', actions: sendTo(({ self }) => self, { type: 'OPEN' }) },
          },
        },
      },
    },
  },
});

export const CLOCK_CASES: Readonly<Record<string, Case>> = {
  'a traffic light with nested delays': {
    machine: trafficLight,
    events: types('BUTTON', 'CUT', 'BACK'),
    spansMs: [1, 999, 1_000, 5_000, 6_000, 61_000],
  },
  'an alarm with a delay from its context': {
    machine: alarm,
    input: { firstMs: 12_000 },
    events: types('AGAIN', 'TOUCH', 'SNOOZE', 'SNOOZE', 'STOP'),
    spansMs: [3_000, 6_000, 12_000, 12_000],
  },
  'a search that waits for a pause in typing': {
    machine: debounce,
    events: [
      ...['a', 'b'].map((key) => ({ type: 'KEY', key })),
      ...types('CLEAR', 'LATER', 'IDLE'),
    ],
    spansMs: [1, 500, 1_000, 2_000],
  },
  'an oven whose parts tell each other': {
    machine: oven,
    passing: ['motor.on.counting'],
    events: [
      ...[0, 2].map((seconds) => ({ type: 'START', seconds })),
      ...types('OPEN', 'CLOSE', 'TICK'),
    ],
    spansMs: [500, 1_000, 3_000],
  },
};
