/**
 * The judgement on a compensation that a built saga starts: it concerns the run that is to be
 * undone, under that run's key, and its input is what the author's mapper makes of that run's own
 * round and of what the runs of it answered.
 *
 * Must never ask the saga's ledger, nor how the builder shows a context to a mapper: they are what
 * is judged. Invariant: a hand-written machine makes its inputs itself and is not judged.
 */
import type { SagaDefinition, WayBack } from '../../core/define/definition.ts';
import type { Effect } from '../../core/turn/inbound.ts';
import { canonicalJson } from '../../core/json.ts';
import type { SagaState } from '../../core/state.ts';
import type { Fault } from '../findings.ts';
import { REPORT_CURE } from './ledger-check.ts';
import { type Run, runToUndo, type World } from '../world.ts';

type Start = Extract<Effect, { kind: 'start-activity' }>;

/** What the judge reads of the context of a built saga. */
interface Context {
  readonly input: unknown;
  readonly results: Results;
  readonly failure: unknown;
  readonly rounds?: Readonly<Record<string, number>>;
}

type Results = Readonly<Record<string, unknown>>;

/** The round that the loop of the step is in; `null` outside of one, and in hand-written loops. */
export function roundOf(
  { waysBack }: SagaDefinition,
  step: string,
  { snapshot }: SagaState,
): number | null {
  const loop = waysBack.get(step)?.loop;
  if (loop === undefined || loop === null) return null;
  return (snapshot.context as Context).rounds?.[loop.name] ?? null;
}

/** What is wrong with the compensation that starts. `state`: after the turn that starts it. */
export function judgeUndoing(
  definition: SagaDefinition,
  world: World,
  start: Start,
  state: SagaState,
): Fault[] {
  const run = runToUndo(world, start.step);
  if (run === undefined || !definition.waysBack.has(run.step)) return [];
  const why = whyWrong(definition, world, run, start, state);
  if (why === null) return [];
  const what = `"${start.activity}" compensates ${nameOf(run)}, ${why}`;
  const about = { subject: run.step, where: `step "${run.step}"`, what };
  return [{ code: 'engine-defect', severity: 'error', ...about, cure: REPORT_CURE }];
}

/**
 * What the compensation of the run must be given; `undefined` where nobody but the machine knows.
 * Throws what the author's mapper throws.
 */
export function inputToUndo(
  { waysBack }: SagaDefinition,
  world: World,
  run: Run,
  { snapshot }: SagaState,
): unknown {
  const way = waysBack.get(run.step);
  if (way === undefined) return undefined;
  const { input, results, failure } = snapshot.context as Context;
  const own = resultsFor(waysBack, world, run, way, results);
  return way.input({ input, failure, round: run.round ?? 1, results: own } as never);
}

/** Equal as JSON keeps them. */
export function isSameValue(one: unknown, other: unknown): boolean {
  return textOf(one) === textOf(other);
}

function whyWrong(
  definition: SagaDefinition,
  world: World,
  run: Run,
  { forwardKey, input, child }: Start,
  state: SagaState,
): string | null {
  if (run.forward === 'failed' && !run.isDoubtful) return 'which failed for certain';
  const key = `${state.id}/${run.step}/forward/${run.occurrence}`;
  if (forwardKey !== null && forwardKey !== key) return `under the key ${forwardKey}, not ${key}`;
  if (child !== null) return null; // a child that undoes itself is given nothing
  try {
    const wanted = inputToUndo(definition, world, run, state);
    if (isSameValue(input, wanted)) return null;
    return `with the input ${textOf(input)}, not ${textOf(wanted)}`;
  } catch (error) {
    return `whose own results its input cannot be made of: ${String(error)}`;
  }
}

/** Results as they were in the round of the run, or as they are outside of one. */
function resultsFor(
  waysBack: SagaDefinition['waysBack'],
  world: World,
  run: Run,
  { loop }: WayBack,
  results: Results,
): Results {
  const answers = world.runs.flatMap((each) => {
    const { step, round, answered } = each;
    const isOfLoop = (waysBack.get(step)?.loop?.name ?? null) === (loop?.name ?? null);
    const isOther = step === run.step && each !== run;
    const isKnown = answered !== null && waysBack.has(step) && !isOther;
    const isOwn = isOfLoop && isKnown && round === run.round;
    return isOwn ? [[step, answered.output ?? null] as const] : [];
  });
  if (loop === null) {
    const { [run.step]: _, ...others } = results;
    return { ...others, ...Object.fromEntries(answers) };
  }
  const isOfLoop = (name: string): boolean => loop.blocks.includes(name);
  const isAwaited = (name: string): boolean => isOfLoop(name) && !waysBack.has(name);
  const rounds = (results[loop.name] ?? []) as readonly Results[];
  const there = Object.entries(rounds[(run.round ?? 1) - 1] ?? results);
  return Object.fromEntries([
    ...Object.entries(results).filter(([name]) => !isOfLoop(name)),
    // Events and expired waits are no answers: they are as the machine kept them of that round.
    ...there.filter(([name]) => isAwaited(name)),
    ...answers,
  ]);
}

function textOf(value: unknown): string {
  return canonicalJson(JSON.parse(JSON.stringify(value ?? null)));
}

function nameOf({ step, occurrence, round }: Run): string {
  const of = round === null ? '' : ` of round ${round}`;
  return occurrence === 1 && round === null
    ? `step "${step}"`
    : `run ${occurrence} of step "${step}"${of}`;
}
