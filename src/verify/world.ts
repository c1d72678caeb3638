/**
 * What happened outside, as far as anyone can know: which steps ran, may have run, are undone.
 *
 * It is told from effects and answers alone, never from the ledger of the saga, so that a wrong
 * ledger is caught too. Invariant: runs stand in the order they were first started in.
 */
import type { Effect } from '../core/turn/inbound.ts';
import type { Direction } from '../core/state.ts';

/** One run of a step, over all its attempts, and its undoing. */
export interface Run {
  readonly step: string;
  /** 1 for the first run of its step, and so on. */
  readonly occurrence: number;
  /** The round that its loop was in when it started; `null` outside of one. */
  readonly round: number | null;
  /** The turn of its first attempt. */
  readonly startedAt: number;
  /** It has no effect: nothing is owed for it, nor in doubt. */
  readonly isReadOnly: boolean;
  /** `vouched`: it was in doubt until a person said what happened; `skipped`: given up by one. */
  readonly forward: 'running' | 'done' | 'failed' | 'in-doubt' | 'vouched' | 'skipped';
  /** True once an attempt of it may have had its effect, and none was answered since. */
  readonly isDoubtful: boolean;
  /** What it answered, once the saga heard of it. */
  readonly answered: { readonly output: unknown } | null;
  readonly undo: 'none' | 'running' | 'failed' | 'done' | 'skipped';
  /** A step that started before it and whose compensation began before its own. */
  readonly overtakenBy: string | null;
}

/** An attempt under way outside. */
export interface Attempt {
  readonly activity: string;
  readonly step: string;
  readonly direction: Direction;
  readonly token: number;
  /** Which run it belongs to: its place among them. */
  readonly run: number;
}

export interface World {
  readonly runs: readonly Run[];
  readonly attempts: readonly Attempt[];
}

/** How an attempt came out. */
export interface Answer {
  readonly activity: string;
  readonly kind: 'done' | 'failed';
  /** What it brought; of a probe that found the step, what the step had brought. */
  readonly output: unknown;
  readonly isAmbiguous: boolean;
  /** What a probe found out; `null` for anything else. */
  readonly probed: 'happened' | 'never' | 'unknown' | null;
}

/** Before the start. */
export const NOTHING: World = { runs: [], attempts: [] };

const UNBORN = {
  forward: 'running',
  isDoubtful: false,
  answered: null,
  undo: 'none',
  overtakenBy: null,
} as const;

type Start = Extract<Effect, { kind: 'start-activity' }>;

/** The effect of the run exists or may exist, and was not undone. */
export function isOwed({ forward, undo, isReadOnly }: Run): boolean {
  if (isReadOnly) return false;
  if (undo === 'done' || undo === 'skipped') return false;
  return forward !== 'failed' && forward !== 'vouched' && forward !== 'skipped';
}

/** It is done and not undone, or a person vouched for it or goes on without it. */
export function stands({ forward, undo }: Run): boolean {
  return undo !== 'done' && (forward === 'done' || forward === 'vouched' || forward === 'skipped');
}

/** A compensation would concern this run: it is owed, or its compensation is not over. */
export function isOpen({ forward, undo }: Run): boolean {
  if (undo === 'none') return forward !== 'failed' && forward !== 'skipped';
  return undo !== 'done' && undo !== 'skipped';
}

/** The newest run of a step. */
export function lastRun(world: World, step: string): Run | undefined {
  return world.runs.findLast((run) => run.step === step);
}

/** The run that a compensation of the step concerns: the last one that it can undo. */
export function runToUndo(world: World, step: string): Run | undefined {
  return world.runs.findLast((run) => run.step === step && isOpen(run)) ?? lastRun(world, step);
}

/** The world once an attempt has answered. */
export function answer(world: World, given: Answer): World {
  const attempt = world.attempts.find((each) => each.activity === given.activity);
  if (attempt === undefined) return world;
  if (attempt.direction === 'probe') return endProbe(world, attempt, given);
  return endAttempt(world, attempt, given);
}

function endProbe(world: World, attempt: Attempt, { probed, output }: Answer): World {
  const attempts = world.attempts.filter((each) => each !== attempt);
  if (probed !== 'happened' && probed !== 'never') return { runs: world.runs, attempts };
  const found: Partial<Run> =
    probed === 'happened'
      ? { forward: 'done', isDoubtful: false, answered: { output } }
      : { forward: 'failed', isDoubtful: false };
  return { runs: changeRun(world.runs, attempt.run, found), attempts };
}

/** The world once attempts were told to stop: nobody will learn how they came out. */
export function stopAttempts(world: World, effects: readonly Effect[]): World {
  let next = world;
  for (const effect of effects) {
    if (effect.kind !== 'stop-activity') continue;
    const attempt = next.attempts.find(
      ({ activity, token }) => activity === effect.activity && token === effect.token,
    );
    if (attempt !== undefined) next = endAttempt(next, attempt, UNANSWERED);
  }
  return next;
}

const UNANSWERED = { kind: 'failed', isAmbiguous: true, output: null } as const;

/** The world in which the compensation of `step` has overtaken these runs. */
export function overtake(world: World, step: string, overtaken: readonly Run[]): World {
  if (overtaken.length === 0) return world;
  const runs = world.runs.map((run) =>
    overtaken.includes(run) ? { ...run, overtakenBy: step } : run,
  );
  return { runs, attempts: world.attempts };
}

/** What is known of the moment in which an attempt starts. */
export interface Moment {
  readonly turn: number;
  /** The step's own retry delay ran until now. */
  readonly isRetry: boolean;
  /** Of the step's loop; `null` outside of one. */
  readonly round: number | null;
  readonly isReadOnly: boolean;
}

/** The world once an attempt has started. A repeated dispatch of a running one changes nothing. */
export function startAttempt(world: World, start: Start, moment: Moment): World {
  const { turn, isRetry, round, isReadOnly } = moment;
  const { activity, step, direction, token } = start;
  if (world.attempts.some((each) => each.activity === activity && each.token === token)) {
    return world;
  }
  const present = direction === 'compensate' ? runToUndo(world, step) : lastRun(world, step);
  const begin = (runs: readonly Run[], run: number): World => ({
    runs,
    attempts: [...world.attempts, { activity, step, direction, token, run }],
  });
  // A child saga is never taken up again: each start of it is another one.
  const isNew = present === undefined || start.child !== null || isAtRest(present, isRetry);
  if (direction === 'forward' && isNew) {
    const occurrence = world.runs.filter((run) => run.step === step).length + 1;
    const born: Run = { ...UNBORN, step, occurrence, round, startedAt: turn, isReadOnly };
    return begin([...world.runs, born], world.runs.length);
  }
  if (present === undefined) return begin(world.runs, -1);
  const at = world.runs.indexOf(present);
  if (direction === 'probe') return begin(world.runs, at);
  const change: Partial<Run> =
    direction === 'forward' ? { forward: 'running' } : { undo: 'running' };
  return begin(changeRun(world.runs, at, change), at);
}

// A certain failure ends a run unless its own retry delay led to the next attempt.
function isAtRest({ forward, undo }: Run, isRetry: boolean): boolean {
  if (undo === 'done' || undo === 'skipped') return true;
  if (forward === 'done' || forward === 'skipped') return true;
  return forward === 'failed' && undo === 'none' && !isRetry;
}

function endAttempt(
  world: World,
  attempt: Attempt,
  given: Pick<Answer, 'kind' | 'isAmbiguous' | 'output'>,
): World {
  const attempts = world.attempts.filter((each) => each !== attempt);
  const run = world.runs[attempt.run];
  if (run === undefined || attempt.direction === 'probe') return { runs: world.runs, attempts };
  const change = ending(run, attempt, given);
  return { runs: changeRun(world.runs, attempt.run, change), attempts };
}

function ending(
  run: Run,
  { direction }: Attempt,
  { kind, isAmbiguous, output }: Pick<Answer, 'kind' | 'isAmbiguous' | 'output'>,
): Partial<Run> {
  if (direction === 'compensate') return { undo: kind === 'done' ? 'done' : 'failed' };
  if (kind === 'done') return { forward: 'done', isDoubtful: false, answered: { output } };
  const isDoubtful = !run.isReadOnly && (run.isDoubtful || isAmbiguous);
  return { forward: isDoubtful ? 'in-doubt' : 'failed', isDoubtful };
}

function changeRun(runs: readonly Run[], at: number, change: Partial<Run>): readonly Run[] {
  return runs.map((run, index) => (index === at ? { ...run, ...change } : run));
}
