/** Sketches by chance: blocks within blocks, as many effects as there is room for. */
import type { Dice } from './dice.ts';
import type {
  Block,
  ChildSketch,
  ChoiceSketch,
  LoopSketch,
  ParallelSketch,
  PausableSketch,
  SagaSketch,
  StepSketch,
  WaitSketch,
  Weights,
  When,
} from './sketch.ts';

const STEPS_ALONE: Weights = {
  step: 1,
  wait: 0,
  parallel: 0,
  choice: 0,
  loop: 0,
  child: 0,
  pausable: 0,
};

/** How a sketch is drawn. */
export interface Drawing {
  readonly weights: Weights;
  /** Inside of a loop. */
  readonly inLoop: Weights;
  /** Most effects; what is explored grows faster than any of it. Default by chance, 2 to 5. */
  readonly maxEffects?: number;
}

/** A sketch by chance. */
export function drawSketch(id: string, dice: Dice, drawing: Drawing): SagaSketch {
  return new Draftsman(dice, drawing).draw(id);
}

class Draftsman {
  readonly #dice: Dice;
  readonly #weights: Weights;
  readonly #inLoop: Weights;
  #effectsLeft: number;
  #count = 0;
  /** Steps that have run for certain where the next block stands. */
  #answered: string[] = [];

  constructor(dice: Dice, { weights, inLoop, maxEffects }: Drawing) {
    this.#dice = dice;
    this.#weights = weights;
    this.#inLoop = inLoop;
    this.#effectsLeft = maxEffects ?? Number(dice.weighed({ '2': 3, '3': 4, '4': 2, '5': 1 }));
  }

  draw(id: string): SagaSketch {
    const dice = this.#dice;
    const hasPivot = dice.isLucky(0.5);
    const hasEnding = dice.isLucky(0.4);
    this.#effectsLeft -= Number(hasPivot) + Number(hasEnding);
    const blocks = this.#sequence(this.#weights, dice.between(1, 4), 0);
    const pivot = hasPivot ? { ...this.#step(null), when: null } : null;
    const finishing = hasEnding ? this.#finishing() : [];
    return {
      id,
      quantity: Number(dice.weighed({ '1': 2, '2': 6, '3': 1 })),
      blocks,
      pivot,
      finishing,
      hasDeadline: dice.isLucky(0.4),
      emits: dice.isLucky(0.4),
    };
  }

  #finishing(): readonly Block[] {
    const step = this.#step(null);
    if (!this.#dice.isLucky(0.3)) return [step];
    const wait = { ...this.#wait(), mayRefuse: false, onExpired: 'continue' } as const;
    return this.#dice.isLucky(0.5) ? [wait, step] : [step, wait];
  }

  #sequence(weights: Weights, most: number, depth: number): readonly Block[] {
    const blocks: Block[] = [this.#block(weights, depth)];
    while (blocks.length < most && this.#effectsLeft > 0) blocks.push(this.#block(weights, depth));
    // Something to undo, wherever there is nothing but a wait.
    if (blocks.every(({ block }) => block === 'wait')) blocks.unshift(this.#step(null));
    return blocks;
  }

  #block(weights: Weights, depth: number): Block {
    const isShort = this.#effectsLeft < 2;
    const shallow = { parallel: 0, loop: 0, choice: 0, pausable: 0 };
    const kind = this.#dice.weighed({ ...weights, ...(isShort || depth > 1 ? shallow : {}) });
    switch (kind) {
      case 'step':
        return this.#remembered(this.#step(this.#when()));
      case 'wait':
        return this.#wait();
      case 'parallel':
        return this.#parallel(weights, depth);
      case 'choice':
        return this.#choice(weights, depth);
      case 'loop':
        return this.#loop(depth);
      case 'child':
        return this.#child();
      case 'pausable':
        return this.#pausable();
    }
  }

  #step(when: When | null): StepSketch {
    const dice = this.#dice;
    this.#effectsLeft -= 1;
    return {
      block: 'step',
      name: this.#name('step'),
      attempts: dice.weighed({ one: 4, two: 4, three: 1 }) === 'one' ? 1 : dice.between(2, 3),
      hasProbe: dice.isLucky(0.2),
      isRepeatable: !dice.isLucky(0.12),
      hasHeartbeat: dice.isLucky(0.15),
      hasTotal: dice.isLucky(0.15),
      undoAttempts: dice.between(1, 2),
      when,
    };
  }

  #remembered(step: StepSketch): StepSketch {
    if (step.when === null) this.#answered.push(step.name);
    return step;
  }

  #when(): When | null {
    return this.#dice.isLucky(0.15) ? this.#by() : null;
  }

  #by(): When {
    const step = this.#answered.at(-1);
    if (step !== undefined && this.#dice.isLucky(0.6)) return { of: 'answer', step };
    return this.#dice.isLucky(0.5) ? { of: 'round' } : { of: 'input' };
  }

  #wait(): WaitSketch {
    const dice = this.#dice;
    return {
      block: 'wait',
      name: this.#name('wait'),
      mayRefuse: dice.isLucky(0.6),
      onExpired: dice.isLucky(0.6) ? 'compensate' : 'continue',
      reminds: dice.isLucky(0.25),
    };
  }

  #parallel(weights: Weights, depth: number): ParallelSketch {
    const inner = { ...weights, parallel: 0, loop: 0, pausable: 0 };
    const name = this.#name('both');
    const branches = [1, 2].map(() =>
      this.#inBranch(() => this.#sequence(inner, this.#dice.between(1, 2), depth + 1)),
    );
    return { block: 'parallel', name, branches };
  }

  #choice(weights: Weights, depth: number): ChoiceSketch {
    const name = this.#name('choice');
    const by = this.#by();
    const options = Array.from({ length: this.#dice.between(1, 2) }, () =>
      this.#inBranch(() => this.#sequence(weights, this.#dice.between(1, 2), depth + 1)),
    );
    return { block: 'choice', name, by, options };
  }

  #loop(depth: number): LoopSketch {
    const name = this.#name('loop');
    const blocks = this.#inBranch(() =>
      this.#sequence(this.#inLoop, this.#dice.between(1, 2), depth + 1),
    );
    return { block: 'loop', name, atMost: 2, blocks };
  }

  #child(): ChildSketch {
    this.#effectsLeft -= 1;
    const name = this.#name('child');
    const drawing = { weights: STEPS_ALONE, inLoop: STEPS_ALONE, maxEffects: 2 };
    const saga = drawSketch(`saga-of-${name}`, this.#dice, drawing);
    return { block: 'child', name, saga, when: this.#when(), isLimited: this.#dice.isLucky(0.4) };
  }

  #pausable(): PausableSketch {
    const name = this.#name('pausable');
    return { block: 'pausable', name, blocks: [this.#step(null), this.#step(null)] };
  }

  #inBranch<T>(write: () => T): T {
    const before = this.#answered;
    this.#answered = [...before];
    const written = write();
    this.#answered = before;
    return written;
  }

  #name(kind: string): string {
    this.#count += 1;
    return `${kind}${this.#count}`;
  }
}
