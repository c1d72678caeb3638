/**
 * The judgement on what a saga has lived through: its journal, taken through the core once more and
 * judged as an exploration judges each turn.
 *
 * Pure. Must never ask the saga's ledger. Invariant: nobody steps in on the way, as in a test that
 * only starts a saga and sends it events.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Inbound } from '../core/turn/inbound.ts';
import { probeAnswerOf } from '../core/turn/probe.ts';
import type { ReplayedTurn } from '../core/history/replay.ts';
import type { SagaState } from '../core/state.ts';
import { judgeStarts } from './checks/checks.ts';
import type { Fault } from './findings.ts';
import { inputToUndo } from './checks/undoing.ts';
import { answer, type Answer, NOTHING, runToUndo, stopAttempts, type World } from './world.ts';

/** What a built saga's compensation had to be given. */
export interface Undoing {
  /** Of the run that it undoes. */
  readonly forwardKey: string;
  readonly input: unknown;
}

export interface History {
  readonly faults: readonly Fault[];
  /** By the key of the compensation. */
  readonly undoings: ReadonlyMap<string, Undoing>;
}

/** Judges every turn of a journal, in order. */
export function judgeHistory(
  definition: SagaDefinition,
  turns: readonly Pick<ReplayedTurn, 'record' | 'state' | 'effects'>[],
): History {
  const faults: Fault[] = [];
  const undoings = new Map<string, Undoing>();
  let world = NOTHING;
  let before: SagaState | null = null;
  for (const taken of turns) {
    const { record, state, effects } = taken;
    const told = stopAttempts(tell(world, before, record.inbound), effects);
    const next = { kind: 'advanced', state, effects, record } as const;
    const judged = judgeStarts(definition, told, before, false, next);
    faults.push(...judged.faults);
    if (judged.faults.length === 0) noteUndoings(definition, told, taken, undoings);
    world = judged.world;
    before = state;
  }
  return { faults, undoings };
}

function noteUndoings(
  definition: SagaDefinition,
  world: World,
  { state, effects }: Pick<ReplayedTurn, 'state' | 'effects'>,
  into: Map<string, Undoing>,
): void {
  for (const effect of effects) {
    if (effect.kind !== 'start-activity' || effect.direction !== 'compensate') continue;
    const { key, step, child } = effect;
    const run = runToUndo(world, step);
    if (child !== null || run === undefined || !definition.waysBack.has(step)) continue;
    const forwardKey = `${state.id}/${step}/forward/${run.occurrence}`;
    into.set(key, { forwardKey, input: inputToUndo(definition, world, run, state) });
  }
}

/** What the world learns of the inbound itself. */
function tell(world: World, before: SagaState | null, inbound: Inbound): World {
  const given = before === null ? null : answerOf(before, inbound);
  return given === null ? world : answer(world, given);
}

function answerOf({ live }: SagaState, inbound: Inbound): Answer | null {
  if (inbound.kind !== 'result') return null;
  const { activity, token, outcome } = inbound;
  const attempt = live.activities[activity];
  if (attempt?.token !== token) return null; // late, and only noted
  if (outcome.kind === 'failed') {
    // What an earlier dispatch of it did, nobody knows.
    const isAmbiguous = outcome.failure.ambiguous || attempt.dispatches > 1;
    return { activity, kind: 'failed', output: null, isAmbiguous, probed: null };
  }
  const { output } = outcome;
  if (attempt.direction !== 'probe') {
    return { activity, kind: 'done', output, isAmbiguous: false, probed: null };
  }
  const found = output as { readonly output?: unknown } | null;
  const brought = found?.output ?? null;
  return {
    activity,
    kind: 'done',
    output: brought,
    isAmbiguous: false,
    probed: probeAnswerOf(output),
  };
}
