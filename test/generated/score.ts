/** The score of `verify` over many generated sagas and the mistakes put into them. */
import { harmIn, type Judged, judgeMutants, judgeUnmutated, type Verdict } from './judge.ts';
import { blocksOf } from './sketch.ts';
import { type Subject, subjectOf } from './subject.ts';

/** Larger sagas are verified as they are: mutations of them take longer than they tell. */
const MAX_MUTATED_STATES = 400;

export class Score {
  sagas = 0;
  /** Whose exploration was cut short. */
  unexplored = 0;
  readonly styles = new Map<string, number>();
  readonly blocks = new Map<string, number>();
  readonly verdicts = new Map<Verdict, number>();
  readonly kinds = new Map<string, number>();
  /** Errors told of sound sagas. */
  readonly alarms: string[] = [];
  /** Sound sagas that did harm: a defect of the engine, or of the generator. */
  readonly unsound: string[] = [];
  readonly misses: string[] = [];
  /** Findings whose way shows nothing. */
  readonly unshown: string[] = [];
  /** Mistakes that do harm in sagas too large to be explored to the end. */
  readonly unproved: string[] = [];

  /** Judges the saga of a seed and `mutants` mistakes in it. */
  add(seed: number, mutants: number): void {
    const subject = subjectOf(seed);
    const unmutated = judgeUnmutated(subject);
    this.sagas += 1;
    count(this.styles, subject.style);
    for (const { block } of blocksOf(subject.sketch)) count(this.blocks, block);
    if (!unmutated.isExhaustive) this.unexplored += 1;
    for (const error of unmutated.errors) this.alarms.push(`seed ${seed}, ${error}`);
    const harm = harmIn(subject, subject.definition);
    if (harm !== null) this.unsound.push(`seed ${seed}, ${subject.style}: ${harm}`);
    const isLarge = unmutated.states > MAX_MUTATED_STATES;
    if (isLarge || harm !== null || unmutated.errors.length > 0) return;
    for (const judged of judgeMutants(subject, unmutated, mutants)) this.#note(subject, judged);
  }

  /** False as soon as `verify` was wrong in any way. */
  get isPerfect(): boolean {
    const wrong = [this.alarms, this.unsound, this.misses, this.unshown];
    return wrong.every((list) => list.length === 0);
  }

  get mutants(): number {
    return [...this.verdicts.values()].reduce((sum, each) => sum + each, 0);
  }

  /** Everything in numbers. */
  toJSON(): object {
    const { sagas, unexplored, mutants, alarms, unsound, misses, unshown } = this;
    const numbers = { alarms: alarms.length, unsound: unsound.length, misses: misses.length };
    return {
      sagas,
      unexplored,
      styles: Object.fromEntries(this.styles),
      blocks: Object.fromEntries(this.blocks),
      mutants,
      kinds: Object.fromEntries(this.kinds),
      verdicts: Object.fromEntries(this.verdicts),
      ...numbers,
      unshown: unshown.length,
    };
  }

  #note({ seed, style }: Subject, { kind, what, verdict, told }: Judged): void {
    count(this.verdicts, verdict);
    count(this.kinds, kind);
    const text = `seed ${seed}, ${style}, ${kind}: ${what}\n    ${told}`;
    if (verdict === 'missed') this.misses.push(text);
    if (verdict === 'unshown') this.unshown.push(text);
    if (verdict === 'unproved') this.unproved.push(text);
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
