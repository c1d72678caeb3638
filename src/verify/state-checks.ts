/**
 * The judgement on one state, and on a turn that the machine did not take or did not survive.
 *
 * Pure: faults out, nothing kept. Every message names the place and the cure.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Turn } from '../core/turn/inbound.ts';
import { hasLiveActivity, isOver, type SagaState } from '../core/state.ts';
import { legalCommands } from '../core/turn/legal.ts';
import type { ExampleValues } from './examples.ts';
import type { Fault } from './findings.ts';
import { type Move, timersThatFire } from './move.ts';
import { hasWayOn } from './moves.ts';
import { placeOf } from './places.ts';

/** What is wrong with standing in this state, however the saga came here. */
export function judgeState(definition: SagaDefinition, state: SagaState): Fault[] {
  const { status } = state;
  if (isOver(state) || status === 'parked') return [];
  const place = placeOf(state);
  if (!mayBeTerminated(state)) {
    const message = `terminate is not legal in ${place}; this is a defect of Backstep`;
    return [{ kind: 'engine-defect', severity: 'error', subject: 'terminate', message }];
  }
  if (isAlive(definition, state)) {
    return timersThatFire(definition, state).length > 0 ? [] : withoutTimeLimit(state);
  }
  if (mayGoOn(state)) return [];
  if (status === 'compensation_failed' || status === 'failed') {
    const message =
      `${place} has the status ${status} but a person can only terminate there; ` +
      'let it handle backstep.retry, or an event that says what was done by hand';
    return [{ kind: 'no-operator-exit', severity: 'error', subject: place, message }];
  }
  const message =
    `the saga is stuck in ${place}: nothing runs there and nothing is accepted but terminate; ` +
    'add a transition out of it, a time limit, or make it final';
  return [{ kind: 'stuck', severity: 'error', subject: place, message }];
}

/** True where the status tells a person that the saga waits or tries again. */
export function isWatched({ status, steps }: SagaState): boolean {
  if (status === 'waiting' || status === 'compensation_failed' || status === 'failed') return true;
  return steps.some(
    (step) => step.status === 'retrying' || step.compensation?.status === 'retrying',
  );
}

/** The fault of a result or timer that the machine has no transition for. */
export function unhandled(
  definition: SagaDefinition,
  { subject, label, drive }: Pick<Move, 'subject' | 'label' | 'drive'>,
  before: SagaState | null,
  next: Extract<Turn, { readonly state: SagaState }>,
): Fault[] {
  if (before === null || drive === 'outside') return [];
  const place = placeOf(before);
  if (next.state.status === 'parked') {
    return [
      {
        kind: 'unhandled-outcome',
        severity: 'error',
        subject: `${subject} in ${place}, parked`,
        message:
          `${place} does not handle the failure of "${subject}" and the saga is parked; ` +
          'add an onError that is taken whatever the failure',
      },
    ];
  }
  if (next.state.snapshot !== before.snapshot) return [];
  // It may only have emitted something and started the delay again.
  if (drive === 'timer' && next.kind === 'advanced') return [];
  const goesOn = isAlive(definition, next.state);
  const rest = goesOn ? 'is lost' : 'is lost and the saga sits there';
  return [
    {
      kind: 'unhandled-outcome',
      severity: goesOn ? 'warning' : 'error',
      subject: `${subject} in ${place}`,
      message:
        `${place} does not handle "${label}", which ${rest}; ` +
        'add a transition for it that no guard can refuse',
    },
  ];
}

/** The fault of a start that the machine's own code refuses. */
export function refusedStart(error: unknown, { isInputMadeUp }: ExampleValues): Fault {
  const what = messageOf(error);
  const message = isInputMadeUp
    ? `nothing was explored: the made-up input was refused (${what}); give examples: { input }`
    : `the start throws: ${what}; let the first step's input cope with every valid input`;
  const kind = isInputMadeUp ? 'needs-example' : 'throws';
  return { kind, severity: 'error', subject: 'start', message };
}

/** The fault of a turn in which a guard, mapper, delay or assign throws. */
export function thrown(
  state: SagaState,
  label: string,
  error: unknown,
  { isInputMadeUp }: ExampleValues,
): Fault {
  const doubt = isInputMadeUp ? '; the input was made up, give examples: { input } to be sure' : '';
  const what = messageOf(error);
  const message =
    `the machine throws on "${label}" in ${placeOf(state)} and the saga is parked: ${what}; ` +
    `let the guard, assign or input cope with this path${doubt}`;
  return { kind: 'throws', severity: 'error', subject: what, message };
}

function withoutTimeLimit(state: SagaState): Fault[] {
  // A child saga has time limits of its own, and is verified itself.
  const own = Object.entries(state.live.activities).filter(([, { childId }]) => !childId);
  return own.map(([activity]) => ({
    kind: 'no-timeout',
    severity: 'warning',
    subject: activity,
    message:
      `an attempt of "${activity}" that never answers holds the saga in ${placeOf(state)}; ` +
      `add a delay named "${activity}.timeout" to that state, or a deadline around it`,
  }));
}

function isAlive(definition: SagaDefinition, state: SagaState): boolean {
  return hasLiveActivity(state.live) || timersThatFire(definition, state).length > 0;
}

function mayGoOn(state: SagaState): boolean {
  try {
    return hasWayOn(state);
  } catch {
    return true; // a guard that throws is a finding of its own
  }
}

function mayBeTerminated(state: SagaState): boolean {
  try {
    return legalCommands(state).includes('terminate');
  } catch {
    return true; // as above
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
