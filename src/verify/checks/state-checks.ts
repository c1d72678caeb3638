/**
 * The judgement on one state, and on a turn that the machine did not take or did not survive.
 *
 * Pure: faults out, nothing kept. Every fault names the place and the cure.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { Turn } from '../../core/turn/inbound.ts';
import { hasLiveActivity, isOver, type SagaState } from '../../core/state.ts';
import { legalCommands } from '../../core/turn/legal.ts';
import type { FindingCode } from '../finding-codes.ts';
import type { Fault } from '../findings.ts';
import { isCompiled } from '../identity.ts';
import { type Move, timersThatFire } from '../moves/move.ts';
import { hasWayOn } from '../moves/moves.ts';
import { MUST_NOT_CHANGE } from '../../core/define/user-code.ts';
import { placeOf } from '../places.ts';

/** What is wrong with standing in this state, however the saga came here. */
export function judgeState(definition: SagaDefinition, state: SagaState): Fault[] {
  const { status } = state;
  if (isOver(state) || status === 'parked') return [];
  const place = placeOf(state);
  if (!mayBeTerminated(state)) {
    const what = `terminate is not legal in ${place}`;
    return [fault('engine-defect', 'terminate', `state ${place}`, what, 'report it to Backstep')];
  }
  if (isAlive(definition, state)) {
    return timersThatFire(definition, state).length > 0 ? [] : withoutTimeLimit(state);
  }
  if (mayGoOn(state)) return [];
  if (status === 'compensation_failed' || status === 'failed') {
    const what = `${place} has the status ${status} but a person can only terminate there`;
    const cure = 'let it handle backstep.retry, or an event that says what was done by hand';
    return [fault('no-operator-exit', place, `state ${place}`, what, cure)];
  }
  const what = `the saga is stuck in ${place}: nothing runs there and nothing is accepted but terminate`;
  const cure = 'add a transition out of it, a time limit, or make it final';
  return [fault('stuck', place, `state ${place}`, what, cure)];
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
      fault(
        'unhandled-outcome',
        `${subject} in ${place}, parked`,
        `state ${place}`,
        `${place} does not handle the failure of "${subject}" and the saga is parked`,
        'add an onError that is taken whatever the failure',
      ),
    ];
  }
  if (next.state.snapshot !== before.snapshot) return [];
  // It may only have emitted something and started the delay again.
  if (drive === 'timer' && next.kind === 'advanced') return [];
  const goesOn = isAlive(definition, next.state);
  const rest = goesOn ? 'is lost' : 'is lost and the saga sits there';
  const lost = fault(
    'unhandled-outcome',
    `${subject} in ${place}`,
    `state ${place}`,
    `${place} does not handle "${label}", which ${rest}`,
    'add a transition for it that no guard can refuse',
  );
  // A built saga relies on every result: to lose one is an error even where it goes on.
  const isRelied = drive === 'result' && isCompiled(before);
  return [goesOn && !isRelied ? { ...lost, severity: 'warning' } : lost];
}

/** The fault of a start that the machine's own code refuses. */
export function refusedStart(error: unknown): Fault {
  const cure = "let the first step's input cope with every valid input";
  return fault('throws', 'start', 'the start', `the start throws: ${messageOf(error)}`, cure);
}

/** The fault of a turn in which a guard, mapper, delay or assign throws. */
export function thrown(state: SagaState, label: string, error: unknown): Fault {
  const why = messageOf(error);
  const place = placeOf(state);
  // It is frozen here alone: a running engine lets it be changed.
  if (why.includes(MUST_NOT_CHANGE)) {
    const where = placeOfCode(why) ?? `state ${place}`;
    const cure = 'make something new in place of changing what is given';
    return fault('impure', why, where, `on "${label}" in ${place}: ${why}`, cure);
  }
  return fault(
    'throws',
    why,
    `state ${place}`,
    `the machine throws on "${label}" in ${place} and the saga is parked: ${why}`,
    'let the guard, assign or input cope with this path',
  );
}

/** The fault of a value that could not be made up. `member`: which one, `why`: what is known of it. */
export function withoutExample(member: string, why: string): Fault {
  const cure = `give examples: ${exampleWords(member)}`;
  return {
    ...fault('needs-example', member, member, `${member}: no example; ${why}`, cure),
    severity: 'warning',
  };
}

/** The same for what the machine throws on a value that was made up. */
export function throwsOnMadeUp(member: string, error: unknown): Fault {
  return withoutExample(member, `the machine throws on what was made up: ${messageOf(error)}`);
}

/** `step "charge", input` of a message that begins with its place. */
function placeOfCode(message: string): string | null {
  return /^saga "[^"]+", ([^:]+):/.exec(message)?.[1] ?? null;
}

function exampleWords(member: string): string {
  const [, kind, name] = /^(output of|event) "(.+)"/.exec(member) ?? [];
  if (kind === undefined) return '{ input: ... }';
  return kind === 'event' ? `{ events: { '${name}': [...] } }` : `{ outputs: { ${name}: [...] } }`;
}

function withoutTimeLimit(state: SagaState): Fault[] {
  // A child saga has time limits of its own, and is verified itself; what listens answers nothing.
  const own = Object.entries(state.live.activities).filter(
    ([, { childId, isListener }]) => childId === undefined && isListener === undefined,
  );
  return own.map(([activity]) => {
    const what = `an attempt of "${activity}" that never answers holds the saga in ${placeOf(state)}`;
    const cure = `add a delay named "${activity}.timeout" to that state, or a deadline around it`;
    const where = `activity "${activity}"`;
    return { ...fault('no-timeout', activity, where, what, cure), severity: 'warning' };
  });
}

function fault(
  code: FindingCode,
  subject: string,
  where: string,
  what: string,
  cure: string,
): Fault {
  return { code, severity: 'error', subject, where, what, cure };
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
