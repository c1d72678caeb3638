/**
 * What a generated saga does, before it is written with the builder or drawn by hand: blocks in the
 * order they run, a pivot perhaps, and what comes after it. Plain data, so that it can be printed.
 *
 * Invariant: names tell everything apart, and what is drawn is valid for either way of writing.
 */
/** When a block is skipped: by the round, the size of the order, or what a step before answered. */
export type When =
  | { readonly of: 'round' }
  | { readonly of: 'input' }
  | { readonly of: 'answer'; readonly step: string };

export interface StepSketch {
  readonly block: 'step';
  readonly name: string;
  readonly attempts: number;
  readonly hasProbe: boolean;
  readonly isRepeatable: boolean;
  readonly hasHeartbeat: boolean;
  readonly hasTotal: boolean;
  readonly undoAttempts: number;
  readonly when: When | null;
}

export interface WaitSketch {
  readonly block: 'wait';
  readonly name: string;
  readonly mayRefuse: boolean;
  readonly onExpired: 'continue' | 'compensate';
  readonly reminds: boolean;
}

export interface ParallelSketch {
  readonly block: 'parallel';
  readonly name: string;
  readonly branches: readonly (readonly Block[])[];
}

/** By what the step before answered; the last option may stand for any answer. */
export interface ChoiceSketch {
  readonly block: 'choice';
  readonly name: string;
  readonly by: When;
  readonly options: readonly (readonly Block[])[];
}

export interface LoopSketch {
  readonly block: 'loop';
  readonly name: string;
  readonly atMost: number;
  readonly blocks: readonly Block[];
}

export interface ChildSketch {
  readonly block: 'child';
  readonly name: string;
  readonly saga: SagaSketch;
  readonly when: When | null;
  readonly isLimited: boolean;
}

/** Steps that a person may interrupt, and that go on where they were. */
export interface PausableSketch {
  readonly block: 'pausable';
  readonly name: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | StepSketch
  | WaitSketch
  | ParallelSketch
  | ChoiceSketch
  | LoopSketch
  | ChildSketch
  | PausableSketch;

/** Which blocks a way of writing has, and how often each is drawn. */
export type Weights = Readonly<Record<Block['block'], number>>;

export interface SagaSketch {
  readonly id: string;
  /** Pieces of the order. */
  readonly quantity: number;
  readonly blocks: readonly Block[];
  readonly pivot: StepSketch | null;
  readonly finishing: readonly Block[];
  readonly hasDeadline: boolean;
  readonly emits: boolean;
}

/** The blocks directly inside of one. */
export function within(block: Block): readonly Block[] {
  switch (block.block) {
    case 'step':
    case 'wait':
    case 'child':
      return [];
    case 'parallel':
      return block.branches.flat();
    case 'choice':
      return block.options.flat();
    case 'loop':
    case 'pausable':
      return block.blocks;
  }
}

/** Every block, outer ones before what is in them. */
export function everyBlock(blocks: readonly Block[]): readonly Block[] {
  return blocks.flatMap((block) => [block, ...everyBlock(within(block))]);
}

/** All of a saga, in order. */
export function blocksOf({ blocks, pivot, finishing }: SagaSketch): readonly Block[] {
  return everyBlock([...blocks, ...(pivot === null ? [] : [pivot]), ...finishing]);
}

/** The pairs of steps that stand in different branches of a parallel block. */
export function independence(sketch: SagaSketch): (one: string, other: string) => boolean {
  const pairs = new Set<string>();
  for (const block of blocksOf(sketch)) {
    if (block.block !== 'parallel') continue;
    const names = block.branches.map((each) => everyBlock(each).map(({ name }) => name));
    for (const [at, branch] of names.entries()) {
      const others = names.filter((_, index) => index !== at).flat();
      for (const one of branch) for (const other of others) pairs.add(`${one} ${other}`);
    }
  }
  return (one, other) => pairs.has(`${one} ${other}`);
}
