/**
 * A saga as the builder's calls wrote it down: blocks in the order they run. Plain data but for the
 * mappers; `compile` makes a machine of it.
 */
import type { SagaDefinition, WayBack } from './definition.ts';
import type { Failure } from '../failure.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import type { StepKind } from '../status.ts';

// Mappers are typed where the saga is written; here every view looks alike.
type Mapper<Result> = (view: never) => Result;

/** An event of the saga's own, made from what it knows. */
export type EventMapper = Mapper<{ readonly type: string }>;

/** One activity and its budget; durations in milliseconds. */
export interface AttemptPlan {
  /** The id of its invoke: that of the step, or by default the activity's; see `attempt-names.ts`. */
  readonly name: string;
  readonly activity: string;
  readonly input: Mapper<unknown>;
  readonly timeoutMs: number;
  /** Longest silence of an attempt; `null`: no heartbeat is asked for. */
  readonly heartbeatMs: number | null;
  readonly retry: RetryPolicy;
  readonly isPermanent: ((failure: Failure) => boolean) | null;
  /** False: never started again while a first start may have had its effect. */
  readonly isRepeatable: boolean;
}

export interface StepPlan {
  readonly block: 'step';
  readonly name: string;
  readonly kind: StepKind;
  readonly when: Mapper<boolean> | null;
  readonly attempt: AttemptPlan;
  /** Set exactly for a compensatable step. */
  readonly compensation: AttemptPlan | null;
  readonly probe: AttemptPlan | null;
}

/** A saga of its own in place of an activity. */
export interface ChildPlan {
  readonly block: 'child';
  readonly name: string;
  readonly saga: SagaDefinition;
  readonly input: Mapper<unknown>;
  readonly when: Mapper<boolean> | null;
  /** Past it the child is cancelled and the parent compensates; `null`: the child's own deadline. */
  readonly withinMs: number | null;
  /** Undoes a child that had completed. */
  readonly compensation: AttemptPlan;
}

/** A wait for an event, from a person or another program. */
export interface WaitPlan {
  readonly block: 'wait';
  readonly name: string;
  /** What each event type leads to. */
  readonly on: Readonly<Record<string, 'continue' | 'compensate'>>;
  readonly withinMs: number;
  readonly onExpired: 'continue' | 'compensate';
  /** It ends with waits of other branches, at one event. */
  readonly isShared: boolean;
  readonly remind: { readonly everyMs: number; readonly emit: EventMapper } | null;
}

/** Branches at once; all must be done before the saga goes on. */
export interface ParallelPlan {
  readonly block: 'parallel';
  readonly name: string;
  readonly branches: Readonly<Record<string, readonly Block[]>>;
}

/** One of several ways, the first whose condition holds; none: the saga goes on. */
export interface ChoicePlan {
  readonly block: 'choice';
  readonly name: string;
  readonly options: readonly {
    readonly name: string;
    readonly when: Mapper<boolean>;
    readonly blocks: readonly Block[];
  }[];
}

/** Blocks over and over, as long as the condition holds; each round has keys of its own. */
export interface LoopPlan {
  readonly block: 'loop';
  readonly name: string;
  readonly while: Mapper<boolean>;
  readonly atMost: number;
  readonly blocks: readonly Block[];
}

export type Block = StepPlan | ChildPlan | WaitPlan | ParallelPlan | ChoicePlan | LoopPlan;

/** What leaves an effect behind. */
export type EffectPlan = StepPlan | ChildPlan;

export interface SagaPlan {
  readonly id: string;
  readonly blocks: readonly Block[];
  readonly deadlineMs: number | null;
  readonly completed: EventMapper | null;
  readonly output: Mapper<unknown> | null;
}

/** The blocks directly inside of a block. */
export function blocksIn(block: Block): readonly Block[] {
  switch (block.block) {
    case 'step':
    case 'child':
    case 'wait':
      return [];
    case 'parallel':
      return Object.values(block.branches).flat();
    case 'choice':
      return block.options.flatMap(({ blocks }) => blocks);
    case 'loop':
      return block.blocks;
  }
}

/** Every block, outer ones before what is in them. */
export function everyBlock(blocks: readonly Block[]): readonly Block[] {
  return blocks.flatMap((block) => [block, ...everyBlock(blocksIn(block))]);
}

/** Every step and child, in the order they are written. */
export function effectsIn(blocks: readonly Block[]): readonly EffectPlan[] {
  return everyBlock(blocks).filter((each) => each.block === 'step' || each.block === 'child');
}

/** The blocks with every step and child changed, in the order they are written. */
export function withEffects(
  blocks: readonly Block[],
  change: (effect: EffectPlan) => EffectPlan,
): readonly Block[] {
  const within = (inner: readonly Block[]): readonly Block[] => withEffects(inner, change);
  return blocks.map((block): Block => {
    switch (block.block) {
      case 'step':
      case 'child':
        return change(block);
      case 'wait':
        return block;
      case 'parallel': {
        const branches = Object.entries(block.branches);
        const changed = branches.map(([branch, inner]) => [branch, within(inner)] as const);
        return { ...block, branches: Object.fromEntries(changed) };
      }
      case 'choice': {
        const options = block.options.map((each) => ({ ...each, blocks: within(each.blocks) }));
        return { ...block, options };
      }
      case 'loop':
        return { ...block, blocks: within(block.blocks) };
    }
  });
}

/** Every activity with a budget: steps, probes, compensations, in the order they are written. */
export function attemptsIn(blocks: readonly Block[]): readonly AttemptPlan[] {
  return effectsIn(blocks).flatMap((effect) => {
    const forward = effect.block === 'step' ? [effect.attempt, effect.probe] : [];
    return [...forward, effect.compensation].filter((each) => each !== null);
  });
}

/** The loop that each step inside of one belongs to. */
export function loopsByStep(blocks: readonly Block[]): ReadonlyMap<string, string> {
  const loops = everyBlock(blocks).filter((each) => each.block === 'loop');
  return new Map(
    loops.flatMap((loop) => everyBlock(loop.blocks).map(({ name }) => [name, loop.name] as const)),
  );
}

/** See `SagaDefinition.waysBack`. */
export function waysBackIn(blocks: readonly Block[]): ReadonlyMap<string, WayBack> {
  const loops = loopsByStep(blocks);
  const ways = effectsIn(blocks).flatMap(({ name, compensation }) => {
    if (compensation === null) return [];
    const loop = loops.get(name);
    const all = [...loops].filter(([, each]) => each === loop).map(([block]) => block);
    const round = loop === undefined ? null : { name: loop, blocks: all };
    return [[name, { input: compensation.input, loop: round }] as const];
  });
  return new Map(ways);
}

/** The path of a saga in its three parts. */
export interface Zones {
  /** Until the pivot: whatever fails here is compensated. */
  readonly forward: readonly Block[];
  readonly pivot: StepPlan | null;
  /** After it: forward only. */
  readonly finishing: readonly Block[];
}

/** From such a step on the saga goes forward only. */
function isForwardOnly({ kind }: StepPlan): boolean {
  return kind === 'pivot' || kind === 'retriable';
}

/** Where the pivot, or else the first retriable step, parts the path. */
export function zonesOf(blocks: readonly Block[]): Zones {
  const turn = blocks.findIndex((block) =>
    effectsIn([block]).some((each) => each.block === 'step' && isForwardOnly(each)),
  );
  if (turn === -1) return { forward: blocks, pivot: null, finishing: [] };
  const first = blocks[turn];
  const pivot = first?.block === 'step' && first.kind === 'pivot' ? first : null;
  return {
    forward: blocks.slice(0, turn),
    pivot,
    finishing: blocks.slice(pivot === null ? turn : turn + 1),
  };
}
