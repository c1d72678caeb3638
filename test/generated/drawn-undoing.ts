/**
 * The ways back that a hand-drawn machine may have: what was started last is picked from a list in
 * the context (`picked`), parallel branches unwinding beside one another (`side`), or each
 * compensation leads to the one before it, drawn step by step (`chained`).
 */
import { UNWIND_CHILD } from '../../src/core/machine/machine-roles.ts';
import { about, attemptStates, type Edge, type States } from './drawn-parts.ts';
import {
  type Block,
  type ChildSketch,
  everyBlock,
  type ParallelSketch,
  type StepSketch,
  type When,
  within,
} from './sketch.ts';

export type Style = 'picked' | 'side' | 'chained';

type Effect = StepSketch | ChildSketch;

/** The state that undoes everything, for blocks that ran in this order. */
export function undoingState(id: string, blocks: readonly Block[], style: Style): object {
  const at = `#${id}.undoing`;
  const effects = effectsIn(blocks);
  const chain = new Chain(at, style === 'chained' ? blocks : []);
  const states =
    style === 'chained'
      ? { ...chain.states(), ended: { always: endings(id) } }
      : pickedStates(at, id, blocks, style, endings(id));
  return {
    tags: ['compensating'],
    initial: style === 'chained' ? 'ended' : 'next',
    states: {
      ...states,
      ...(style === 'chained'
        ? Object.fromEntries(
            effects.map((each) => [undoName(each), undoOf(at, each, chain.before(each.name))]),
          )
        : {}),
      ...Object.fromEntries(
        effects
          .filter(({ name }) => style !== 'side' || !isInParallel(blocks, name))
          .map((each) => {
            const onward = style === 'chained' ? chain.before(each.name) : `${at}.next`;
            return [`failed-${undoName(each)}`, personState(at, id, each, onward)];
          }),
      ),
    },
  };
}

/** Every step and child, in the order they are written. */
export function effectsIn(blocks: readonly Block[]): readonly Effect[] {
  return everyBlock(blocks).filter((each) => each.block === 'step' || each.block === 'child');
}

/** The guard of a condition. */
export function guardOf(when: When): unknown {
  return when.of === 'answer' ? about('isLarge', when.step) : 'isMany';
}

function endings(id: string): Edge[] {
  return [
    { guard: 'isAnyGivenUp', target: `#${id}.partially_compensated` },
    { target: `#${id}.compensated` },
  ];
}

function undoName({ name }: Effect): string {
  return `undo-${name}`;
}

function pickedStates(
  at: string,
  id: string,
  blocks: readonly Block[],
  style: Style,
  ends: readonly Edge[],
  among: readonly string[] | null = null,
): States {
  const all = pickable(blocks, style);
  const picks = all.toReversed().map((each) => {
    const steps = effectsIn([each]).map(({ name }) => name);
    const guard = { type: 'isLastOwed', params: { steps, ...(among === null ? {} : { among }) } };
    return { guard, target: each.block === 'parallel' ? each.name : undoName(each) };
  });
  const states = all.map((each) => {
    if (each.block === 'parallel') return [each.name, unwindingState(at, id, each, style)];
    return [undoName(each), undoOf(at, each, `${at}.next`)];
  });
  return { next: { always: [...picks, ...ends] }, ...(Object.fromEntries(states) as States) };
}

function pickable(blocks: readonly Block[], style: Style): readonly (Effect | ParallelSketch)[] {
  return blocks.flatMap((block) => {
    if (block.block === 'step' || block.block === 'child') return [block];
    if (block.block === 'parallel' && style === 'side') return [block];
    return pickable(within(block), style);
  });
}

function unwindingState(at: string, id: string, block: ParallelSketch, style: Style): object {
  const regions = block.branches.map((branch, index) => {
    const key = `branch${index + 1}`;
    const here = `${at}.${block.name}.${key}`;
    const effects = effectsIn(branch);
    const among = effects.map(({ name }) => name);
    const failed = effects.map((each) => [
      `failed-${undoName(each)}`,
      personState(here, id, each, `${here}.next`),
    ]);
    const states = {
      ...pickedStates(here, id, branch, style, [{ target: 'over' }], among),
      ...(Object.fromEntries(failed) as States),
      over: { type: 'final' },
    };
    return [key, { initial: 'next', states }];
  });
  return {
    type: 'parallel',
    states: Object.fromEntries(regions) as States,
    onDone: `${at}.next`,
  };
}

function undoOf(at: string, effect: Effect, onward: string): object {
  const { name: step } = effect;
  const name = undoName(effect);
  const over: Edge = { target: onward, actions: [about('clear', step), about('settle', name)] };
  const person: Edge = { target: `${at}.failed-${name}`, actions: [about('settle', name)] };
  const attempts = effect.block === 'step' ? effect.undoAttempts : 1;
  const states = attemptStates(
    { name, step, meta: { compensates: step }, attempts },
    { done: over, refused: person, inDoubt: person },
  );
  if (effect.block === 'child') {
    const unwinding = {
      meta: { compensates: step },
      invoke: {
        id: `unwind-${step}`,
        src: UNWIND_CHILD,
        onDone: over,
        onError: [{ guard: 'hadCompleted', target: 'running' }, person],
      },
    };
    return { initial: 'unwinding', states: { unwinding, ...states } };
  }
  return attempts === 1 ? states.running : { initial: 'running', states };
}

function personState(at: string, id: string, effect: Effect, onward: string): object {
  const { name: step } = effect;
  const guard = about('isMeant', step);
  return {
    tags: ['compensation_failed'],
    on: {
      'backstep.retry': { guard, target: `${at}.${undoName(effect)}` },
      'backstep.skip': { guard, target: onward, actions: [about('giveUp', step)] },
      'backstep.accept-partial': { target: `#${id}.partially_compensated` },
    },
  };
}

function isInParallel(blocks: readonly Block[], step: string): boolean {
  return everyBlock(blocks).some(
    (each) => each.block === 'parallel' && effectsIn([each]).some(({ name }) => name === step),
  );
}

/** Where a drawn way back begins, for every block: at its own undoing, or before it. */
export class Chain {
  readonly #at: string;
  readonly #own = new Map<string, string>();
  readonly #before = new Map<string, string>();
  readonly #states: Record<string, object> = {};
  /** Where it begins once all blocks are done. */
  readonly end: string;

  constructor(at: string, blocks: readonly Block[]) {
    this.#at = at;
    this.end = this.#lay(blocks, `${at}.ended`);
  }

  /** Where the way back begins once this block has begun. */
  own(name: string): string {
    return this.#own.get(name) ?? `${this.#at}.ended`;
  }

  /** Where it begins before this block has begun. */
  before(name: string): string {
    return this.#before.get(name) ?? `${this.#at}.ended`;
  }

  /** The states that decide where a way back goes on, past a choice or condition. */
  states(): States {
    return this.#states;
  }

  #lay(blocks: readonly Block[], before: string): string {
    return blocks.reduce((last, block) => this.#layOne(block, last), before);
  }

  #layOne(block: Block, before: string): string {
    const { name } = block;
    this.#before.set(name, before);
    switch (block.block) {
      case 'step':
      case 'child': {
        const own = `${this.#at}.${undoName(block)}`;
        this.#own.set(name, own);
        if (block.when === null) return own;
        return this.#decide(name, [{ guard: guardOf(block.when), target: own }], before);
      }
      case 'wait':
        this.#own.set(name, before);
        return before;
      case 'pausable':
        this.#own.set(name, this.#lay(block.blocks, before));
        return this.own(name);
      case 'choice': {
        const ways = block.options.map((each, index) => ({
          ...(index === 0 ? { guard: guardOf(block.by) } : {}),
          target: this.#lay(each, before),
        }));
        this.#own.set(name, this.#decide(name, ways, before));
        return this.own(name);
      }
      case 'parallel':
      case 'loop':
        throw new Error('a drawn chain has no such block');
    }
  }

  #decide(name: string, ways: readonly Edge[], otherwise: string): string {
    const always = ways.every(({ guard }) => guard !== undefined)
      ? [...ways, { target: otherwise }]
      : ways;
    this.#states[`after-${name}`] = { always };
    return `${this.#at}.after-${name}`;
  }
}
