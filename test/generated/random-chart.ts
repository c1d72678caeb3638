/**
 * Random machines of plain XState, as they come from anywhere: nested and parallel states, history,
 * guards, eventless and delayed transitions, raised, emitted and cancelled events, activities that
 * are invoked or spawned. They mean nothing; what runs them must run them alike.
 *
 * Invariant: a chain of microsteps ends, because whatever goes on by itself counts up to a bound.
 */
import {
  type AnyStateMachine,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  raise,
  spawnChild,
  stopChild,
} from 'xstate';
import { activity } from '../../src/core/activity.ts';
import type { Dice } from './dice.ts';

/** Events that a machine may know. */
export const EVENTS = ['A', 'B', 'C', 'D', 'part.one', 'part.two', 'RESET'] as const;

interface Counts {
  readonly count: number;
  readonly steps: number;
  readonly last: string;
}

interface Scene {
  readonly context: Counts;
  readonly event: { readonly type: string; readonly by?: number };
}

/** What goes on by itself stops here, until a reset. */
const MAX_STEPS = 9;
const MAX_DEPTH = 3;
const MAX_STATES = 16;

const GUARDS = {
  mayStep: ({ context }: Scene) => context.steps < MAX_STEPS,
  isEven: ({ context }: Scene) => context.count % 2 === 0,
  isAbove: ({ context }: Scene, { least }: { readonly least: number }) => context.count > least,
  isBig: ({ event }: Scene) => (event.by ?? 0) > 1,
};

const ACTIONS = {
  step: assign({ steps: ({ context }: Scene) => context.steps + 1 }),
  add: assign({ count: ({ context, event }: Scene) => context.count + (event.by ?? 1) }),
  note: assign({ last: ({ event }: Scene) => event.type }),
  reset: assign({ count: 0, steps: 0 }),
  tell: emit(({ context }: Scene) => ({ type: 'told', count: context.count })),
  both: enqueueActions(({ enqueue, check }) => {
    enqueue.assign({ last: 'both' });
    if (check('isEven')) enqueue.emit({ type: 'even' });
  }),
};

const DELAYS = {
  soon: 1_000,
  later: 5_000,
  growing: ({ context }: Scene) => 1_000 * (context.count % 5),
};

/** A random machine. */
export function randomChart(dice: Dice): AnyStateMachine {
  return new Chartist(dice).draw();
}

type Part = Record<string, unknown>;

class Chartist {
  readonly #dice: Dice;
  readonly #paths: string[] = [];
  readonly #activities: string[] = [];
  readonly #raises: string[] = [];
  readonly #spawned: string[] = [];
  readonly #delays = new Map<string, number>();
  readonly #edges: (() => void)[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  draw(): AnyStateMachine {
    const root = this.#state('chart', 0);
    // Once all states are there, transitions can lead to any of them.
    for (const draw of this.#edges) draw();
    const config = {
      ...root,
      id: 'chart',
      context: { count: 0, steps: 0, last: '' },
      output: ({ context }: Scene) => context,
    };
    const names = [...this.#activities, 'helper'];
    return createMachine(
      config as never,
      {
        guards: GUARDS,
        actions: ACTIONS,
        delays: { ...DELAYS, ...Object.fromEntries(this.#delays) },
        actors: Object.fromEntries(names.map((name) => [name, activity()])),
      } as never,
    );
  }

  #state(path: string, depth: number): Part {
    const dice = this.#dice;
    this.#paths.push(path);
    const isRoot = depth === 0;
    const room = depth < MAX_DEPTH && this.#paths.length < MAX_STATES;
    const kind = isRoot
      ? 'compound'
      : dice.weighed({ atomic: 6, compound: room ? 3 : 0, parallel: room ? 1 : 0 });
    const state: Part = {
      ...(dice.isLucky(0.2) ? { tags: [dice.pick(['red', 'green'])] } : {}),
      ...(dice.isLucky(0.3) ? { entry: [dice.pick(['add', 'note', 'tell', 'both'])] } : {}),
      ...(dice.isLucky(0.2) ? { exit: [dice.pick(['add', 'tell'])] } : {}),
    };
    if (kind === 'atomic') this.#addInvoke(state, path);
    else Object.assign(state, this.#inner(path, depth, kind === 'parallel'));
    this.#edges.push(() => this.#addEdges(state, path, isRoot));
    return state;
  }

  #inner(path: string, depth: number, isParallel: boolean): Part {
    const dice = this.#dice;
    const count = isParallel ? 2 : dice.between(2, 4);
    const names = Array.from({ length: count }, (_, index) => `s${index + 1}`);
    const states: Part = {};
    for (const name of names) states[name] = this.#state(`${path}.${name}`, depth + 1);
    if (isParallel) return { type: 'parallel', states };
    if (dice.isLucky(depth === 0 ? 0.3 : 0.5)) {
      states['end'] = { type: 'final' };
      this.#paths.push(`${path}.end`);
    }
    if (depth > 0 && dice.isLucky(0.3)) {
      states['back'] = { type: 'history', history: dice.pick(['shallow', 'deep']) };
      this.#paths.push(`${path}.back`);
    }
    return { initial: dice.pick(names), states };
  }

  #addInvoke(state: Part, path: string): void {
    if (!this.#dice.isLucky(0.3)) return;
    const id = `call${this.#activities.length + 1}`;
    this.#activities.push(id);
    const hasTimeout = this.#dice.isLucky(0.5);
    state['invoke'] = {
      id,
      src: id,
      input: ({ context }: Scene) => ({ count: context.count }),
    };
    this.#edges.push(() => {
      const invoke = state['invoke'] as Part;
      invoke['onDone'] = this.#edge(path);
      if (this.#dice.isLucky(0.9)) invoke['onError'] = this.#edge(path);
      if (!hasTimeout) return;
      this.#delays.set(`${id}.limit`, 2_500);
      state['after'] = {
        ...(state['after'] as Part | undefined),
        [`${id}.limit`]: this.#edge(path),
      };
    });
  }

  #addEdges(state: Part, path: string, isRoot: boolean): void {
    const dice = this.#dice;
    const on: Part = isRoot ? { RESET: { actions: ['reset'] } } : {};
    for (const type of dice.shuffled(EVENTS).slice(0, dice.between(0, isRoot ? 2 : 3))) {
      on[type] ??= dice.isLucky(0.3) ? [this.#guarded(path), this.#edge(path)] : this.#edge(path);
      if (!type.startsWith('part.') || !dice.isLucky(0.3)) continue;
      on[type] = { ...this.#edge(path), actions: this.#raisedByName() };
    }
    // It takes what ends a state, too.
    if (dice.isLucky(0.1)) on['*'] = this.#stepping(path);
    if (dice.isLucky(0.1)) on['part.*'] = this.#edge(path);
    if (Object.keys(on).length > 0) state['on'] = on;
    if (isRoot) return;
    if (dice.isLucky(0.25)) {
      const delay = dice.pick(Object.keys(DELAYS));
      state['after'] = { ...(state['after'] as Part | undefined), [delay]: this.#stepping(path) };
    }
    if (dice.isLucky(0.15)) state['always'] = [this.#stepping(path)];
    if (state['states'] !== undefined && dice.isLucky(0.6)) state['onDone'] = this.#stepping(path);
  }

  #edge(path: string): Part {
    const dice = this.#dice;
    const actions = this.#actions();
    const target = dice.isLucky(0.8) ? `#${this.#target(path)}` : undefined;
    return {
      ...(target === undefined ? {} : { target }),
      ...(target !== undefined && dice.isLucky(0.15) ? { reenter: true } : {}),
      ...(actions.length === 0 ? {} : { actions }),
    };
  }

  #guarded(path: string): Part {
    const least = this.#dice.between(0, 4);
    const guard = this.#dice.pick(['isEven', 'isBig', { type: 'isAbove', params: { least } }]);
    return { ...this.#edge(path), guard };
  }

  /** What happens by itself counts, so that it ends. */
  #stepping(path: string): Part {
    const edge = this.#edge(path);
    const actions = ['step', ...((edge['actions'] ?? []) as unknown[]), ...this.#raised()];
    return { ...edge, guard: 'mayStep', actions };
  }

  #raised(): unknown[] {
    const dice = this.#dice;
    if (dice.isLucky(0.6)) return [];
    const event = { type: dice.pick(EVENTS.slice(0, 4)) };
    if (dice.isLucky(0.5)) return [raise(event)];
    return [raise(event, { delay: dice.pick(Object.keys(DELAYS)) } as never)];
  }

  // One of the same id that is pending is replaced in a saga, and kept in a live machine: hence the
  // cancel, and only where nothing leads twice within a turn.
  #raisedByName(): unknown[] {
    const id = `raise${this.#raises.length + 1}`;
    this.#raises.push(id);
    this.#delays.set(`${id}.delay`, 1_000 * this.#dice.between(1, 6));
    const event = { type: this.#dice.pick(EVENTS.slice(0, 4)) };
    return [cancel(id), raise(event, { id, delay: `${id}.delay` } as never)];
  }

  #actions(): unknown[] {
    const dice = this.#dice;
    const named = ['add', 'note', 'tell', 'both'].filter(() => dice.isLucky(0.2));
    if (this.#raises.length > 0 && dice.isLucky(0.15)) {
      return [...named, cancel(dice.pick(this.#raises))];
    }
    if (!dice.isLucky(0.06)) return named;
    const running = this.#spawned.at(-1);
    if (running !== undefined && dice.isLucky(0.5)) return [...named, stopChild(running)];
    const id = `spawned${this.#spawned.length + 1}`;
    this.#spawned.push(id);
    return [...named, stopChild(id), spawnChild('helper', { id, input: { of: id } } as never)];
  }

  // Mostly not far away, as in machines that people draw. A history is no target from within: XState
  // then enters a state that it is in, without leaving it, and arms its delays a second time.
  #target(path: string): string {
    const parent = path.slice(0, path.lastIndexOf('.'));
    const isWithin = (each: string): boolean =>
      `${path}.`.startsWith(each.slice(0, -'back'.length));
    const all = this.#paths.filter(
      (each) => each !== 'chart' && !(each.endsWith('.back') && isWithin(each)),
    );
    const near = all.filter((each) => each.startsWith(`${parent}.`));
    return this.#dice.pick(near.length > 0 && this.#dice.isLucky(0.7) ? near : all);
  }
}
