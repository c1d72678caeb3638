/** The states of a hand-drawn saga, block by block, each leading to the next. */
import { answersOf } from './built-saga.ts';
import { finishingStates, pivotState, waitState } from './drawn-ending.ts';
import {
  about,
  type AttemptExits,
  attemptStates,
  type Edge,
  EMPTY,
  probingState,
  type States,
} from './drawn-parts.ts';
import { Chain, effectsIn, guardOf, type Style, undoingState } from './drawn-undoing.ts';
import type {
  Block,
  ChildSketch,
  ChoiceSketch,
  LoopSketch,
  ParallelSketch,
  PausableSketch,
  SagaSketch,
  StepSketch,
} from './sketch.ts';

/** Where blocks stand, and where they lead. */
interface Place {
  readonly at: string;
  readonly isInLoop: boolean;
}

export class Draftsman {
  readonly #sketch: SagaSketch;
  readonly #style: Style;
  readonly #chain: Chain;

  constructor(sketch: SagaSketch, style: Style) {
    this.#sketch = sketch;
    this.#style = style;
    const blocks = style === 'chained' ? sketch.blocks : [];
    this.#chain = new Chain(`#${sketch.id}.undoing`, blocks);
  }

  draw(): object {
    const { id, quantity, blocks, pivot, finishing, hasDeadline, emits } = this.#sketch;
    const afterPivot = `#${id}.${finishing.length > 0 ? 'finishing' : 'completed'}`;
    const afterGoing = pivot === null ? afterPivot : `#${id}.pivot`;
    const isChained = this.#style === 'chained';
    const back = `#${id}.undoing`;
    const going = {
      initial: blocks[0]?.name,
      states: this.#sequence(blocks, { at: `#${id}.going`, isInLoop: false }, afterGoing),
      ...(isChained ? {} : { on: { 'backstep.cancel': back } }),
      ...(isChained || !hasDeadline ? {} : { after: { deadline: back } }),
    };
    return {
      id,
      context: { ...EMPTY, orderId: 'order-1', quantity },
      initial: 'going',
      states: {
        going,
        ...(pivot === null ? {} : { pivot: pivotState(id, pivot, this.#chainEnd, afterPivot) }),
        ...(finishing.length === 0
          ? {}
          : {
              finishing: {
                initial: finishing[0]?.name,
                states: finishingStates(id, finishing),
              },
              partially_completed: { type: 'final', tags: ['failed'] },
            }),
        undoing: undoingState(id, blocks, this.#style),
        completed: { type: 'final', ...(emits ? { entry: ['tell'] } : {}) },
        compensated: { type: 'final', tags: ['compensated'] },
        partially_compensated: { type: 'final', tags: ['compensation_failed'] },
      },
    };
  }

  #sequence(blocks: readonly Block[], place: Place, onward: string): States {
    const states: Record<string, object> = {};
    for (const [index, block] of blocks.entries()) {
      const following = blocks[index + 1];
      const to = following === undefined ? onward : `${place.at}.${following.name}`;
      Object.assign(states, this.#block(block, place, to));
    }
    return states;
  }

  #block(block: Block, place: Place, onward: string): States {
    const { name } = block;
    switch (block.block) {
      case 'step':
        return { [name]: this.#step(block, place, onward) };
      case 'wait':
        return { [name]: waitState(block, onward, this.#own(name), this.#cancel(name).on) };
      case 'parallel':
        return { [name]: this.#parallel(block, place, onward) };
      case 'choice':
        return this.#choice(block, place, onward);
      case 'loop':
        return this.#loop(block, place, onward);
      case 'child':
        return { [name]: this.#child(block, place, onward) };
      case 'pausable':
        return this.#pausable(block, place, onward);
    }
  }

  #step(step: StepSketch, place: Place, onward: string): object {
    const { name, hasTotal, hasProbe, when } = step;
    const exits: AttemptExits = {
      done: { target: onward, actions: this.#noted(name) },
      refused: { target: this.#before(name), actions: [about('clear', name)] },
      inDoubt: { target: this.#own(name) },
    };
    const entry = [about(place.isInLoop ? 'oweAgain' : 'owe', name)];
    const attempts = place.isInLoop ? 1 : step.attempts;
    const states = this.#attempts({ ...step, attempts }, `${place.at}.${name}`, exits);
    const isBare = attempts === 1 && !hasProbe && !hasTotal && when === null;
    if (isBare) return { ...states['running'], entry, ...this.#cancel(name) };
    const started = { entry, ...(hasTotal ? { after: { [`${name}.total`]: exits.inDoubt } } : {}) };
    if (when === null) return { initial: 'running', ...started, ...this.#cancel(name), states };
    const taking = { initial: 'running', ...started, ...this.#cancel(name), states };
    const deciding = { always: [{ guard: guardOf(when), target: 'taking' }, { target: onward }] };
    return { initial: 'deciding', states: { deciding, taking } };
  }

  #attempts(step: StepSketch, at: string, exits: AttemptExits): States {
    const { name, attempts, hasProbe, isRepeatable, hasHeartbeat, when } = step;
    const meta = {
      step: name,
      kind: 'compensatable',
      ...(isRepeatable || attempts > 1 ? {} : { repeatable: false }),
      ...(hasHeartbeat ? { heartbeatMs: 1_000 } : {}),
    };
    const attempt = { name, step: name, meta, attempts };
    if (!hasProbe) return attemptStates(attempt, exits);
    const inside = when === null ? at : `${at}.taking`;
    return {
      ...attemptStates(attempt, { ...exits, inDoubt: { target: `${inside}.probing` } }),
      probing: probingState(name, exits),
    };
  }

  #parallel({ name, branches }: ParallelSketch, place: Place, onward: string): object {
    const regions = branches.map((blocks, index) => {
      const key = `branch${index + 1}`;
      const at = `${place.at}.${name}.${key}`;
      const states = this.#sequence(blocks, { ...place, at }, `${at}.over`);
      const over = { type: 'final' };
      return [key, { initial: blocks[0]?.name, states: { ...states, over } }];
    });
    return { type: 'parallel', states: Object.fromEntries(regions) as States, onDone: onward };
  }

  #choice({ name, by, options }: ChoiceSketch, place: Place, onward: string): States {
    const [first = [], second] = options;
    const to = (blocks: readonly Block[]): string => `${place.at}.${blocks[0]?.name ?? ''}`;
    const always = [
      { guard: guardOf(by), target: to(first) },
      { target: second === undefined ? onward : to(second) },
    ];
    return Object.assign(
      { [name]: { always } },
      ...options.map((blocks) => this.#sequence(blocks, place, onward)),
    ) as States;
  }

  #loop({ name, atMost, blocks }: LoopSketch, place: Place, onward: string): States {
    const again: Edge = {
      guard: { type: 'hasRounds', params: { loop: name, most: atMost } },
      target: `${place.at}.${blocks[0]?.name ?? ''}`,
      actions: [{ type: 'nextRound', params: { loop: name } }],
    };
    return {
      [name]: { always: [again, { target: onward }] },
      ...this.#sequence(blocks, { ...place, isInLoop: true }, `${place.at}.${name}`),
    };
  }

  #child({ name, when, isLimited }: ChildSketch, place: Place, onward: string): object {
    const back = { target: this.#own(name) };
    const running = {
      meta: { step: name },
      entry: [about(place.isInLoop ? 'oweAgain' : 'owe', name)],
      invoke: {
        id: name,
        src: name,
        input: { orderId: `order-1.${name}`, quantity: 1 },
        onDone: onward,
        onError: back,
      },
      ...(isLimited ? { after: { [`${name}.within`]: back } } : {}),
      ...this.#cancel(name),
    };
    if (when === null) return running;
    const deciding = { always: [{ guard: guardOf(when), target: 'running' }, { target: onward }] };
    return { initial: 'deciding', states: { deciding, running } };
  }

  #pausable({ name, blocks }: PausableSketch, place: Place, onward: string): States {
    const at = `${place.at}.${name}`;
    const states = this.#sequence(blocks, { ...place, at }, onward);
    const again = { type: 'history', history: 'deep' };
    const paused = `paused-${name}`;
    // An attempt that is left so may have had its effect.
    const doubt = blocks.map((block) => about('doubt', block.name));
    const back = this.#own(name);
    return {
      [name]: {
        initial: blocks[0]?.name,
        states: { ...states, again },
        on: { [`pause-${name}`]: { target: `${place.at}.${paused}`, actions: doubt } },
      },
      [paused]: {
        tags: ['waiting'],
        on: { [`resume-${name}`]: `${at}.again`, ...this.#cancel(name).on },
        after: { [`${paused}.expires`]: back },
      },
    };
  }

  // What nothing is decided by is not remembered.
  #noted(step: string): readonly unknown[] {
    const isAsked = Object.hasOwn(answersOf(this.#sketch), step);
    return [...(isAsked ? [about('keep', step)] : []), about('settle', step)];
  }

  /** Where the way back begins once everything before the pivot is done. */
  get #chainEnd(): string {
    return this.#style === 'chained' ? this.#chain.end : `#${this.#sketch.id}.undoing`;
  }

  /** Where a block leads whose own effect must be undone as well. */
  #own(name: string): string {
    return this.#style === 'chained' ? this.#chain.own(name) : `#${this.#sketch.id}.undoing`;
  }

  #before(name: string): string {
    return this.#style === 'chained' ? this.#chain.before(name) : `#${this.#sketch.id}.undoing`;
  }

  // Drawn step by step: elsewhere one transition around all of it will do.
  #cancel(name: string): { readonly on?: Readonly<Record<string, string>> } {
    if (this.#style !== 'chained') return {};
    const isBefore = effectsIn(this.#sketch.blocks).length > 0;
    return isBefore ? { on: { 'backstep.cancel': this.#own(name) } } : {};
  }
}
