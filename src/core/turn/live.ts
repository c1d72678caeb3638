/**
 * What is live in a saga, from turn to turn: commands of the machine in, tokens and effects out.
 */
import type { SagaDefinition } from '../define/definition.ts';
import { BackstepError } from '../errors.ts';
import type { Inbound } from './inbound.ts';
import { keepJson } from '../json.ts';
import { presentEntry } from './ledger.ts';
import { machineValue } from '../machine/machine-values.ts';
import { wholeDelay } from '../machine/machine-delays.ts';
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import { childSagaId } from './parent-link.ts';
import type { Command } from '../machine/scope.ts';
import type {
  Direction,
  Live,
  LiveActivity,
  LiveTimer,
  StepEntry,
  TimerReceiver,
} from '../state.ts';
import type { StepStatus } from '../status.ts';

export const NOTHING_LIVE: Live = { activities: {}, timers: {} };

/**
 * Messages of one turn that the store can tell apart: their positions are part of its ids, which
 * stay exact integers up to 8 * 10^12 turns.
 */
export const MESSAGES_PER_TURN = 1_024;

/**
 * Most events one turn may emit or send to other sagas. The last position is the engine's own, for
 * its orders to child sagas.
 */
const MAX_EMITTED_PER_TURN = MESSAGES_PER_TURN - 1;

/** A message that leaves the saga with the turn. */
export type Outgoing = Extract<Command, { kind: 'emit' | 'send' }>;

/** An activity the machine commanded in this turn, not yet tied to the ledger. */
export interface Invocation {
  readonly id: string;
  readonly src: string;
  readonly input: unknown;
}

/** The outcome of a turn's commands. */
export interface Rearrangement {
  /** What stays live from before, and the timers, new ones included. */
  readonly kept: Live;
  readonly invoked: readonly Invocation[];
  readonly outgoing: readonly Outgoing[];
}

/**
 * Applies commands in the order XState gave them: a state entered and left within one turn leaves
 * nothing behind.
 */
export function rearrange(
  definition: SagaDefinition,
  live: Live,
  commands: readonly Command[],
  { token, nowMs }: { readonly token: number; readonly nowMs: number },
): Rearrangement {
  let { activities, timers } = live;
  let invoked: readonly Invocation[] = [];
  const outgoing: Outgoing[] = [];
  for (const command of commands) {
    switch (command.kind) {
      case 'invoke':
        if (isUnderWay({ activities, invoked }, command.id)) {
          throw underOneId(definition, command.id);
        }
        invoked = [
          ...invoked,
          { id: command.id, src: command.src, input: inputOf(definition, command) },
        ];
        break;
      case 'stop':
        activities = without(activities, command.id);
        invoked = invoked.filter(({ id }) => id !== command.id);
        break;
      case 'delay': {
        const id = command.id ?? mintTimerId(command.event.type, token, timers);
        const to = receiverOf(command.to, { activities, invoked, token });
        const timer = armTimer(definition, id, command, token, nowMs);
        timers = { ...timers, [id]: to === undefined ? timer : { ...timer, to } };
        break;
      }
      case 'cancel-delay':
        timers = without(timers, command.id);
        break;
      case 'emit':
      case 'send':
        outgoing.push({
          ...command,
          event: keepJson(
            command.event,
            `saga "${definition.id}": emitted event ${command.event.type}`,
            machineValue,
          ),
        });
        break;
    }
  }
  if (outgoing.length > MAX_EMITTED_PER_TURN) {
    throw new BackstepError(
      'definition-invalid',
      `saga "${definition.id}" emits ${outgoing.length} events in one turn; ` +
        `at most ${MAX_EMITTED_PER_TURN} are possible`,
    );
  }
  return { kept: { activities, timers }, invoked, outgoing };
}

// Without an input an actor of XState gets none; an activity of a built saga gets `null`.
function inputOf({ id, isBuilt }: SagaDefinition, { src, input }: Command & { kind: 'invoke' }) {
  const kept = keepJson(input, `saga "${id}": input of ${src}`, machineValue);
  return isBuilt ? (kept ?? null) : kept;
}

// A new object: one that has had a member deleted stays slow, for the encoder as well.
function without<Member>(
  members: Readonly<Record<string, Member>>,
  id: string,
): Readonly<Record<string, Member>> {
  if (members[id] === undefined) return members;
  return Object.fromEntries(Object.entries(members).filter(([key]) => key !== id));
}

interface UnderWay {
  readonly activities: Live['activities'];
  readonly invoked: readonly Invocation[];
}

function isUnderWay({ activities, invoked }: UnderWay, id: string): boolean {
  return activities[id] !== undefined || invoked.some((each) => each.id === id);
}

// A live actor would go on beside the new one, and nobody could reach or stop it any more.
function underOneId({ machine }: SagaDefinition, id: string): BackstepError {
  return new BackstepError(
    'definition-invalid',
    `machine "${machine.id}": an actor is started under the id "${id}" while another one of that ` +
      'id still runs; stop that one first, or give each its own id',
  );
}

// Known by its token, so that another actor of the same id gets nothing that was meant for it.
function receiverOf(
  to: Extract<Command, { kind: 'delay' }>['to'],
  { activities, invoked, token }: UnderWay & { readonly token: number },
): TimerReceiver | undefined {
  if (to?.kind !== 'child') return to;
  if (invoked.some(({ id }) => id === to.id)) return { ...to, token };
  const known = activities[to.id]?.token;
  return known === undefined ? to : { ...to, token: known };
}

// A delayed raise without an id: `<event type>#<token>`, numbered within the turn.
function mintTimerId(type: string, token: number, timers: Live['timers']): string {
  let id = `${type}#${token}`;
  for (let count = 2; timers[id] !== undefined; count++) id = `${type}/${count}#${token}`;
  return id;
}

function armTimer(
  definition: SagaDefinition,
  id: string,
  command: Extract<Command, { kind: 'delay' }>,
  token: number,
  nowMs: number,
): LiveTimer {
  const delayMs = wholeDelay(definition.machine, id, command.delayMs);
  // The event of an `after` is XState's own and carries nothing.
  const isOwn = id.startsWith('xstate.after.');
  const event = isOwn
    ? command.event
    : keepJson(
        command.event,
        `saga "${definition.id}": delayed event ${command.event.type}`,
        machineValue,
      );
  const isAttemptTimeout = definition.timers.get(id)?.kind === 'attempt-timeout';
  return isAttemptTimeout ? { token, event, delayMs } : { token, event, dueMs: nowMs + delayMs };
}

/** Ties a turn's invocations to the ledger as it stands once the turn's endings are in it. */
export function admit(
  definition: SagaDefinition,
  { id: sagaId, steps }: { readonly id: string; readonly steps: readonly StepEntry[] },
  { kept, invoked }: Rearrangement,
  token: number,
): Live {
  if (invoked.length === 0) return kept;
  const activities: Record<string, LiveActivity> = { ...kept.activities };
  for (const { id, src, input } of invoked) {
    const role = definition.invokes.get(id);
    const step = role?.step ?? id;
    const direction = role?.direction ?? 'forward';
    const present = presentEntry(steps, step, direction);
    const isNewChild = Object.hasOwn(definition.children, src);
    const numbers = isNewChild ? nextChild(present) : nextNumbers(direction, present);
    const isChild = src === UNWIND_CHILD || isNewChild;
    const keyName = numbers.occurrence === present?.occurrence ? present.keyName : undefined;
    activities[id] = {
      token,
      src,
      input,
      step,
      ...(keyName === undefined ? {} : { keyName }),
      direction,
      ...numbers,
      dispatches: 1,
      ...(role?.isRepeatable === false && !isChild ? { isOnce: true } : {}),
      ...(isChild ? { childId: childSagaId(sagaId, keyName ?? step, numbers.occurrence) } : {}),
    };
  }
  return { activities, timers: kept.timers };
}

function nextNumbers(direction: Direction, entry: StepEntry | undefined): AttemptNumbers {
  switch (direction) {
    case 'forward':
      return nextForward(entry);
    case 'compensate':
      return nextCompensation(entry);
    case 'probe':
      return { occurrence: entry?.occurrence ?? 1, attempt: (entry?.probes ?? 0) + 1 };
  }
}

// The child of the last occurrence is over, or was left and told to end: nothing can take it up again.
function nextChild(last: StepEntry | undefined): AttemptNumbers {
  return { occurrence: (last?.occurrence ?? 0) + 1, attempt: 1 };
}

interface AttemptNumbers {
  readonly occurrence: number;
  readonly attempt: number;
}

// A new occurrence, hence a new key, only once the last one came to rest (a loop, or a step run
// again after it was compensated or failed for certain) or its compensation began, which may have
// fenced the key. Everything else, a retry delay (status `retrying`) or a doubt included, is a
// further attempt under the same key.
function nextForward(last: StepEntry | undefined): AttemptNumbers {
  if (last === undefined) return { occurrence: 1, attempt: 1 };
  if (isAtRest(last.status) || last.compensation !== undefined) {
    return { occurrence: last.occurrence + 1, attempt: 1 };
  }
  return { occurrence: last.occurrence, attempt: last.attempts + 1 };
}

function nextCompensation(owed: StepEntry | undefined): AttemptNumbers {
  return {
    occurrence: owed?.occurrence ?? 1,
    attempt: (owed?.compensation?.attempts ?? 0) + 1,
  };
}

function isAtRest(status: StepStatus): boolean {
  return (
    status === 'completed' ||
    status === 'failed' ||
    status === 'compensated' ||
    status === 'skipped'
  );
}

/**
 * The same attempts, under way once more: what an earlier dispatch did is not known. A child saga
 * is only looked at again.
 *
 * @param wasClean the earlier dispatch was ended in good order, which is no fault of the activity
 */
export function dispatchedAgain(
  live: Live,
  isChosen: (activity: string) => boolean,
  wasClean: boolean,
): Live {
  const activities = { ...live.activities };
  for (const [id, activity] of Object.entries(live.activities)) {
    if (!isChosen(id) || activity.childId !== undefined) continue;
    const { dispatches, cleanStops = 0 } = activity;
    const again = { ...activity, dispatches: dispatches + 1 };
    activities[id] = wasClean ? { ...again, cleanStops: cleanStops + 1 } : again;
  }
  return { ...live, activities };
}

type Result = Extract<Inbound, { kind: 'result' }>;

/**
 * The result as it counts: when an earlier dispatch of the attempt was cut off, that one may have
 * had its effect, whatever the last one says of its own.
 */
export function resultOf(answered: LiveActivity, result: Result): Result {
  const { outcome } = result;
  if (answered.dispatches === 1 || outcome.kind === 'done') return result;
  return { ...result, outcome: { ...outcome, failure: { ...outcome.failure, ambiguous: true } } };
}
