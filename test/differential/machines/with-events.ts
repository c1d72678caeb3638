/** Machines that move by events alone: parallel regions, history, wildcards, outputs of regions. */
import { assign, emit, setup } from 'xstate';
import { type Case, types } from '../case.ts';

/** Independent regions, tags, a reset that enters all of them anew. */
const formatting = setup({}).createMachine({
  id: 'formatting',
  type: 'parallel',
  states: {
    bold: toggle('BOLD', 'heavy'),
    italics: toggle('ITALICS', 'slanted'),
    list: {
      initial: 'none',
      states: {
        none: { on: { BULLETS: 'bullets', NUMBERS: 'numbers' } },
        bullets: { tags: ['list'], on: { NONE: 'none', NUMBERS: 'numbers' } },
        numbers: { tags: ['list', 'numbered'], on: { NONE: 'none', BULLETS: 'bullets' } },
      },
    },
  },
  on: { RESET: [{ target: ['.bold.off', '.italics.off', '.list.none'] }] },
});

function toggle(event: string, tag: string) {
  return {
    initial: 'off',
    states: { off: { on: { [event]: 'on' } }, on: { tags: [tag], on: { [event]: 'off' } } },
  };
}

/** Shallow and deep history, of a compound state inside a parallel one. */
const player = setup({}).createMachine({
  id: 'player',
  initial: 'off',
  states: {
    off: { on: { ON: 'on', BACK: 'on.recent', EXACT: 'on.exact' } },
    on: {
      initial: 'radio',
      states: {
        radio: { on: { NEXT: 'disc' } },
        disc: {
          type: 'parallel',
          states: {
            motion: {
              initial: 'stopped',
              states: {
                stopped: { on: { PLAY: 'playing' } },
                playing: {
                  initial: 'forward',
                  states: { forward: { on: { TURN: 'back' } }, back: { on: { TURN: 'forward' } } },
                  on: { PLAY: 'stopped' },
                },
              },
            },
            sound: {
              initial: 'loud',
              states: { loud: { on: { MUTE: 'quiet' } }, quiet: { on: { MUTE: 'loud' } } },
            },
          },
          on: { NEXT: 'radio' },
        },
        recent: { type: 'history', target: 'disc' },
        exact: { type: 'history', history: 'deep' },
      },
      on: { OFF: 'off' },
    },
  },
});

/** Wildcards, partial ones, a forbidden event, an event that leads to nothing. */
const pointer = setup({
  types: { context: {} as { seen: string[] } },
}).createMachine({
  id: 'pointer',
  context: { seen: [] },
  initial: 'idle',
  states: {
    idle: {
      on: {
        'mouse.down': 'dragging',
        'mouse.*': {
          actions: assign({ seen: ({ context, event }) => [...context.seen, event.type] }),
        },
        '*': { target: 'lost', actions: emit(({ event }) => ({ type: 'odd', was: event.type })) },
      },
    },
    dragging: {
      entry: emit({ type: 'grabbed' }),
      exit: emit({ type: 'dropped' }),
      on: {
        'mouse.up': 'idle',
        'mouse.move': { reenter: true, target: 'dragging' },
        ESCAPE: {},
        HELP: undefined,
      },
    },
    lost: { on: { FOUND: 'idle', ESCAPE: {} } },
  },
  on: { ESCAPE: { target: '.lost' }, HELP: { target: '.lost' } },
});

/** Nested parallel states that are done when all regions are; outputs go up with `onDone`. */
const exam = setup({
  types: {
    context: {} as { marks: number[] },
    output: {} as { marks: number[]; passed: boolean },
  },
}).createMachine({
  id: 'exam',
  context: { marks: [] },
  initial: 'sitting',
  states: {
    sitting: {
      type: 'parallel',
      states: {
        writing: {
          initial: 'first',
          states: {
            first: { on: { WRITE: 'second' } },
            second: { on: { WRITE: 'handed' } },
            handed: { type: 'final', output: { mark: 2 } },
          },
          onDone: {
            actions: assign({ marks: ({ context, event }) => [...context.marks, markOf(event)] }),
          },
        },
        speaking: {
          type: 'parallel',
          states: { one: talk('ONE'), two: talk('TWO') },
          onDone: { actions: assign({ marks: ({ context }) => [...context.marks, 1] }) },
        },
      },
      on: { CHEAT: { target: 'sitting', reenter: true, actions: assign({ marks: [] }) } },
      onDone: 'marking',
    },
    marking: { on: { MARK: 'done', CHEAT: 'sitting' } },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ marks: context.marks, passed: context.marks.length > 1 }),
});

function talk(event: string) {
  return {
    initial: 'waiting',
    states: { waiting: { on: { [event]: 'said' } }, said: { type: 'final' as const } },
  };
}

function markOf(event: object): number {
  const output: unknown = Reflect.get(event, 'output');
  return output !== null && typeof output === 'object' && 'mark' in output
    ? Number(output.mark)
    : 0;
}

export const EVENT_CASES: Readonly<Record<string, Case>> = {
  'parallel text formatting': {
    machine: formatting,
    events: types('BOLD', 'ITALICS', 'BULLETS', 'NUMBERS', 'NONE', 'RESET'),
  },
  'a player with shallow and deep history': {
    machine: player,
    events: types('ON', 'OFF', 'BACK', 'EXACT', 'NEXT', 'PLAY', 'TURN', 'TURN', 'MUTE'),
  },
  'a pointer with wildcards and forbidden events': {
    machine: pointer,
    events: types('mouse.down', 'mouse.move', 'mouse.up', 'ESCAPE', 'HELP', 'FOUND', 'WHAT'),
  },
  'an exam of nested parallel parts': {
    machine: exam,
    events: types('WRITE', 'ONE', 'TWO', 'CHEAT', 'MARK'),
  },
};
