/**
 * What can become of the attempts under way: every outcome, an end of the process too often, and the
 * end of a retry budget.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { CHILD_COMPLETED, type Failure } from '../../core/failure.ts';
import { UNWIND_CHILD } from '../../core/machine/machine-roles.ts';
import { probeAnswerOf } from '../../core/turn/probe.ts';
import type { LiveActivity, SagaState } from '../../core/state.ts';
import { MAX_DISPATCHES } from '../../core/turn/turn.ts';
import { atLastAttempt } from '../budgets.ts';
import type { ExampleValues } from '../values/examples.ts';
import { isCompiled } from '../identity.ts';
import { type Move, numbered, START_MS, timerMove, timersThatFire } from './move.ts';
import type { Answer } from '../world.ts';

const FAILURES: readonly { readonly label: string; readonly failure: Failure }[] = [
  { label: 'refused', failure: failureOf('refused', false, false) },
  { label: 'busy', failure: failureOf('busy', true, false) },
  { label: 'answer lost', failure: failureOf('lost', true, true) },
];

const UNWIND_FAILURES: typeof FAILURES = [
  { label: 'it had completed', failure: failureOf(CHILD_COMPLETED, false, true) },
  { label: 'it was terminated', failure: failureOf('child-terminated', false, true) },
];

const INTERRUPTED = failureOf('interrupted', false, true);

/** The moves of every live attempt. */
export function attemptMoves(
  definition: SagaDefinition,
  state: SagaState,
  examples: ExampleValues,
): readonly Move[] {
  const attempts = Object.entries(state.live.activities).filter(
    // An actor that lives in memory makes no attempts: its events are moves of their own.
    ([, { isListener }]) => isListener !== true,
  );
  return attempts.flatMap(([id, live]) => [
    ...doneMoves(definition, state, id, live, examples),
    ...failuresOf(live).map(({ label, failure }) => failedMove(state, id, live, label, failure)),
    // A child saga lives on through the end of a process.
    ...(live.childId === undefined ? [interruptedMove(state, id, live)] : []),
    ...lastAttemptMoves(definition, state, id, live),
  ]);
}

function doneMoves(
  definition: SagaDefinition,
  state: SagaState,
  id: string,
  live: LiveActivity,
  examples: ExampleValues,
): Move[] {
  if (live.direction === 'probe') {
    const [forward = live.step] =
      [...definition.invokes].find(
        ([, { step, direction }]) => step === live.step && direction === 'forward',
      ) ?? [];
    const [output = null] = examples.outputsOf(forward);
    return [
      doneMove(state, id, live, { kind: 'happened', output }, ': it happened'),
      doneMove(state, id, live, { kind: 'never' }, ': it never happened'),
      doneMove(state, id, live, { kind: 'unknown' }, ': cannot tell'),
    ];
  }
  // Made-up answers differ from round to round, so that nobody takes one for another.
  const inLoop = (definition.waysBack.get(live.step)?.loop ?? null) !== null;
  const outputs = examples.outputsOf(live.src, inLoop ? live.occurrence : 1);
  return outputs.map((output, index) =>
    doneMove(state, id, live, output, `: done${numbered(index, outputs.length)}`),
  );
}

function doneMove(
  state: SagaState,
  activity: string,
  { token, direction }: LiveActivity,
  output: unknown,
  words: string,
): Move {
  const probed = direction === 'probe' ? probeAnswerOf(output) : null;
  return {
    label: `${activity}${words}`,
    drive: 'result',
    subject: activity,
    inbound: { kind: 'result', activity, token, outcome: { kind: 'done', output } },
    from: state,
    nowMs: START_MS,
    answer: {
      activity,
      kind: 'done',
      output: broughtBy(output, probed),
      isAmbiguous: false,
      probed,
    },
    event: eventOf(`xstate.done.actor.${activity}`, { output, actorId: activity }),
    decision: null,
    step: null,
    isMadeUp: false,
  };
}

/** Only the runtime's own failures reach a child's unwinding. */
function failuresOf({ src }: LiveActivity): typeof FAILURES {
  return src === UNWIND_CHILD ? UNWIND_FAILURES : FAILURES;
}

// What a probe brings is wrapped in its answer.
function broughtBy(output: unknown, probed: Answer['probed']): unknown {
  if (probed !== 'happened') return output;
  return (output as { readonly output?: unknown }).output ?? null;
}

function answerOfFailure(activity: string, { ambiguous }: Failure): Answer {
  return { activity, kind: 'failed', output: null, isAmbiguous: ambiguous, probed: null };
}

function failedMove(
  state: SagaState,
  activity: string,
  { token }: LiveActivity,
  label: string,
  failure: Failure,
): Move {
  return {
    label: `${activity}: ${label}`,
    drive: 'result',
    subject: activity,
    inbound: { kind: 'result', activity, token, outcome: { kind: 'failed', failure } },
    from: state,
    nowMs: START_MS,
    answer: answerOfFailure(activity, failure),
    event: eventOf(`xstate.error.actor.${activity}`, { error: failure, actorId: activity }),
    decision: null,
    step: null,
    isMadeUp: false,
  };
}

// What a failure leads to once the budget is spent, without counting up to it.
function lastAttemptMoves(
  definition: SagaDefinition,
  state: SagaState,
  activity: string,
  live: LiveActivity,
): readonly Move[] {
  const last = isCompiled(state) ? atLastAttempt(state, activity) : null;
  if (last === null) return [];
  const failed = FAILURES.filter(({ failure }) => failure.retryable).map(({ label, failure }) =>
    failedMove(last, activity, live, label, failure),
  );
  const expired = timersThatFire(definition, last)
    .filter(([id]) => {
      const role = definition.timers.get(id);
      return role?.kind === 'attempt-timeout' && role.activity === activity;
    })
    .map(([id, timer]) => timerMove(definition, last, id, timer));
  // A probe that cannot tell asks again, as long as it may.
  const unknown =
    live.direction === 'probe'
      ? [doneMove(last, activity, live, { kind: 'unknown' }, ': cannot tell')]
      : [];
  return [...failed, ...expired, ...unknown].map((move) => ({
    ...move,
    label: `${move.label}, no attempt left`,
  }));
}

// Counting up to the bound would only make states that differ in the count.
function interruptedMove(state: SagaState, activity: string, live: LiveActivity): Move {
  const activities = {
    ...state.live.activities,
    [activity]: { ...live, dispatches: MAX_DISPATCHES },
  };
  return {
    ...failedMove(state, activity, live, 'interrupted too often', INTERRUPTED),
    inbound: { kind: 'interrupted', activity, token: live.token },
    from: { ...state, live: { ...state.live, activities } },
  };
}

function eventOf(type: string, members: Readonly<Record<string, unknown>>): EventObject {
  return { type, ...members };
}

function failureOf(code: string, retryable: boolean, ambiguous: boolean): Failure {
  return { code, message: `the activity was ${code}`, retryable, ambiguous };
}
