/**
 * What really happened outside, kept by the participants, and the judgement on what a saga makes of
 * it. Told from effects and the truth alone: neither the ledger of the saga nor `verify` is asked.
 */
import type { Effect } from '../../src/core/turn/inbound.ts';
import type { SagaStatus } from '../../src/core/status.ts';

export type Start = Extract<Effect, { kind: 'start-activity' }>;

/** One run of a step, as its participant knows it. */
interface Run {
  readonly step: string;
  readonly key: string;
  readonly startedAt: number;
  /** Its effect is there. */
  stands: boolean;
  /** Its compensation came: a late call is refused. */
  isFenced: boolean;
  isLive: boolean;
  /** An attempt of it ended so that the saga cannot know. */
  isDoubtful: boolean;
  undo: 'none' | 'running' | 'failed' | 'done';
  /** A person has settled it. */
  isSettled: boolean;
  /** A person says that it never happened. */
  isDenied: boolean;
  /** Steps before it whose compensation began first, while it stood. */
  readonly overtakenBy: Set<string>;
  output: unknown;
  /** What the saga was told that it brought; `undefined`: it never was. */
  told: unknown;
}

/** An attempt under way. */
interface Attempt {
  readonly start: Start;
  readonly run: Run;
}

export class EffectBook {
  readonly #areIndependent: (one: string, other: string) => boolean;
  readonly #happensAnyway: () => boolean;
  readonly #isBuilt: boolean;
  readonly #runs: Run[] = [];
  readonly #attempts = new Map<string, Attempt>();
  readonly #faults: string[] = [];

  /**
   * @param happensAnyway asked for every attempt that is left: whether it had its effect
   * @param isBuilt it undoes nothing that surely failed
   */
  constructor(
    areIndependent: (one: string, other: string) => boolean,
    happensAnyway: () => boolean,
    isBuilt: boolean,
  ) {
    this.#areIndependent = areIndependent;
    this.#happensAnyway = happensAnyway;
    this.#isBuilt = isBuilt;
  }

  /** What was wrong so far, in words. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** A turn's effects, in order. */
  take(effects: readonly Effect[], turn: number, isGoingBack: boolean): void {
    for (const effect of effects) {
      if (effect.kind === 'stop-activity') this.#stop(effect.activity, effect.token);
    }
    for (const effect of effects) {
      if (effect.kind !== 'start-activity') continue;
      if (this.#attempts.get(effect.activity)?.start.token === effect.token) continue;
      if (isGoingBack && effect.direction === 'forward') {
        this.#blame(`"${effect.step}" starts while the saga compensates`);
      }
      this.#start(effect, turn);
    }
  }

  /** The effect of a live attempt happens. False: it is refused, for its compensation came first. */
  happen(activity: string, output: unknown): boolean {
    const attempt = this.#attempts.get(activity);
    if (attempt === undefined) return true;
    const { run, start } = attempt;
    if (start.direction === 'compensate') {
      run.stands = false;
      run.isFenced = true;
      return true;
    }
    if (start.direction === 'probe') return true;
    if (run.isFenced) return false;
    run.stands = true;
    run.output = output;
    return true;
  }

  /** As `happen`, for a step alone. */
  happenForward(activity: string): void {
    if (this.#attempts.get(activity)?.start.direction === 'forward') this.happen(activity, null);
  }

  /** A participant finds out that it never happened. */
  deny(activity: string): void {
    const run = this.#attempts.get(activity)?.run;
    if (run !== undefined) run.stands = false;
  }

  /** What a probe finds out, which fences what did not happen. */
  probe(activity: string): unknown {
    const run = this.#attempts.get(activity)?.run;
    if (run?.stands === true) return { kind: 'happened', output: run.output };
    if (run !== undefined) run.isFenced = true;
    return { kind: 'never' };
  }

  /** True where the child that is unwound had completed. */
  hadCompleted(activity: string): boolean {
    return this.#attempts.get(activity)?.run.stands === true;
  }

  /**
   * The saga hears of a live attempt. `output`: what it brought, or of a probe what was found;
   * `isCertain`: it surely failed.
   */
  answer(activity: string, isDone: boolean, output?: unknown, isCertain = false): void {
    const attempt = this.#attempts.get(activity);
    this.#attempts.delete(activity);
    if (attempt === undefined) return;
    if (output !== undefined && attempt.start.direction !== 'compensate') {
      attempt.run.told = output;
    }
    this.#end(attempt, isDone, isCertain);
  }

  /**
   * What a person says is theirs to answer for: `skip` gives one thing up, `accept-partial` all that
   * is left, anything else settles what nobody knows. `named`: the one step they spoke of.
   */
  decide(
    order: string,
    status: SagaStatus,
    isRetrying: (step: string) => boolean,
    named: string | null = null,
  ): void {
    const untold = (run: Run): boolean =>
      !run.isLive && run.told === undefined && run.undo === 'none' && !run.isSettled;
    const left = this.#runs.filter(({ isSettled, undo }) => !isSettled && undo !== 'done');
    if (order === 'skip') {
      // One that has a next attempt to come is not given up by a word on another.
      const meant = left.filter(({ step }) => named === null || step === named);
      const resting = meant.filter(({ step }) => !isRetrying(step));
      const given = resting.findLast(({ undo }) => undo === 'failed') ?? resting.findLast(untold);
      if (given !== undefined) given.isSettled = true;
      return;
    }
    const isAll = order === 'accept-partial' && status === 'compensation_failed';
    for (const run of left.filter((each) => isAll || untold(each))) {
      run.isSettled = true;
      run.isDenied = order === 'compensate';
    }
  }

  /** Judges what a saga claims at its end. */
  end(status: SagaStatus): void {
    const open = this.#runs.filter(({ isSettled }) => !isSettled);
    const standing = open.filter(({ stands }) => stands);
    if (status === 'compensated') {
      for (const { step } of standing) this.#blame(`compensated, and "${step}" stands`);
    }
    if (status === 'compensation_failed') {
      for (const { step } of standing) this.#blame(`ends, and nobody gave "${step}" up`);
    }
    if (status !== 'completed') return;
    for (const { step, undo } of open) {
      if (undo === 'running' || undo === 'failed') this.#blame(`completed, "${step}" half undone`);
    }
    const isAnySettled = this.#runs.some(
      ({ isSettled, isDenied, undo }) => isSettled && !isDenied && undo === 'none',
    );
    if (this.#runs.length > 0 && standing.length === 0 && !isAnySettled) {
      this.#blame('completed, and nothing stands');
    }
  }

  #start(start: Start, turn: number): void {
    const { activity, step, direction, forwardKey, key } = start;
    const twin = [...this.#attempts.values()].find(
      (each) => each.start.step === step && each.start.direction === direction,
    );
    if (twin !== undefined) this.#blame(`"${activity}" starts beside "${twin.start.activity}"`);
    const ownKey = direction === 'forward' ? key : forwardKey;
    const known = this.#runs.find((run) => run.key === ownKey);
    if (direction === 'compensate') this.#judgeUndoing(start, known, turn);
    const run = known ?? born(step, ownKey ?? key, turn);
    if (known === undefined && direction === 'forward') this.#runs.push(run);
    if (direction === 'forward') run.isLive = true;
    if (direction === 'compensate') run.undo = 'running';
    this.#attempts.set(activity, { start, run });
  }

  #judgeUndoing({ activity, input }: Start, run: Run | undefined, turn: number): void {
    if (run === undefined) return this.#blame(`"${activity}" undoes what never started`);
    const isOver = !run.isLive && run.told === undefined && !run.isDoubtful;
    if (isOver && this.#isBuilt) this.#blame(`"${activity}" undoes what surely failed`);
    if (!carriesAnswer(input, run.told)) this.#blame(`"${activity}" carries another run's answer`);
    if (run.undo === 'done') return this.#blame(`"${activity}" undoes a second time`);
    if (run.isLive) return this.#blame(`"${activity}" undoes what still runs`);
    const later = this.#runs
      .slice(this.#runs.indexOf(run) + 1)
      .filter((each) => each.startedAt !== run.startedAt && each.startedAt < turn)
      .filter((each) => !this.#areIndependent(each.step, run.step));
    const beside = later.find(({ undo, isSettled }) => undo === 'running' && !isSettled);
    if (beside !== undefined) this.#blame(`"${activity}" undoes beside "${beside.step}"`);
    for (const each of later) {
      if (each.stands && each.undo === 'none') each.overtakenBy.add(run.step);
    }
    if (run.stands && run.overtakenBy.size > 0 && !run.isSettled) {
      this.#blame(`"${activity}" undoes after "${[...run.overtakenBy].join(', ')}"`);
    }
  }

  #stop(activity: string, token: number): void {
    const attempt = this.#attempts.get(activity);
    if (attempt?.start.token !== token) return;
    if (this.#happensAnyway()) this.happenForward(activity);
    this.#attempts.delete(activity);
    this.#end(attempt, false);
  }

  #end({ run, start }: Attempt, isDone: boolean, isCertain = false): void {
    if (start.direction === 'forward') {
      run.isLive = false;
      run.isDoubtful ||= !isDone && !isCertain;
    }
    if (start.direction === 'compensate') run.undo = isDone ? 'done' : 'failed';
  }

  #blame(fault: string): void {
    this.#faults.push(fault);
  }
}

// The compensations of a built saga carry what their step brought.
function isCarrying(input: unknown): input is { readonly brought: unknown } {
  return input !== null && typeof input === 'object' && 'brought' in input;
}

function carriesAnswer(input: unknown, told: unknown): boolean {
  if (!isCarrying(input)) return true;
  return JSON.stringify(input.brought) === JSON.stringify(told ?? null);
}

function born(step: string, key: string, startedAt: number): Run {
  return {
    step,
    key,
    startedAt,
    stands: false,
    isFenced: false,
    isLive: false,
    isDoubtful: false,
    undo: 'none',
    isSettled: false,
    isDenied: false,
    overtakenBy: new Set(),
    output: null,
    told: undefined,
  };
}
