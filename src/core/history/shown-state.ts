/**
 * A saga's state and journal records as they are shown: what they carry has its secrets hidden.
 *
 * Invariant: what is decided by a shown state is what the stored one decides: guards are asked with
 * the data as it is.
 */
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { inFull, type StoredState } from './codec.ts';
import { BackstepError } from '../errors.ts';
import { type Failure, plainFailure, type Thrown } from '../failure.ts';
import type { Effect, Inbound, JournalRecord, AttemptOutcome } from '../turn/inbound.ts';
import { redactError } from '../secrets/redact-error.ts';
import { createRedact, type Redact } from '../secrets/redact.ts';
import { type JournalLine, recordOfLine, type ReplayedTurn } from './replay.ts';
import type { Live, SagaState, StepEntry } from '../state.ts';

const byDefault = createRedact();

/**
 * What the engine itself says, such as an error's text or a reason: the user's own rule, which is
 * about the members of payloads, has no say in it. Only texts change, so the type is the same.
 */
export function shownFrame<Frame>(frame: Frame): Frame {
  return byDefault(frame) as Frame; // texts stay texts
}

/** What lists tell of a saga, an incident and the like: as `shownFrame`, their error as one. */
export function shownSummary<Summary extends { readonly error: string | null }>(
  summary: Summary,
): Summary {
  const { error } = summary;
  const shown = shownFrame(summary);
  return error === null ? shown : { ...shown, error: redactError(error, byDefault) };
}

/** The state to show. */
export function shownState(state: SagaState, redact: Redact): SagaState {
  return {
    ...state,
    snapshot: shownSnapshot(state.snapshot, redact),
    live: shownLive(state.live, redact),
    steps: state.steps.map((step) => shownStep(step, redact)),
    failureReason: shownFrame(state.failureReason),
    seenEvents: shownFrame(state.seenEvents),
    early: state.early.map(({ id, event }) => ({
      id: shownFrame(id),
      event: shownEvent(event, redact),
    })),
    resolution: shownFrame(state.resolution),
    parkReason: state.parkReason && shownFrame(plainFailure(state.parkReason)),
  };
}

/** The record to show. */
export function shownRecord(record: JournalRecord, redact: Redact): JournalRecord {
  const { note } = record;
  return {
    ...record,
    event: shownFrame(record.event),
    inbound: shownOrAsItIs(record.inbound, redact),
    ...(note === undefined ? {} : { note: shownFrame(note) }),
  };
}

/**
 * The data of a journal line to show, which replays like the stored one as far as no secret
 * decides. Of a line that cannot be read only the text is looked through.
 */
export function shownData(line: JournalLine, redact: Redact): string {
  try {
    const { inbound, note } = shownRecord(recordOfLine(line), redact);
    return JSON.stringify({ inbound, ...(note === undefined ? {} : { note }) });
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    return String(redact(line.data));
  }
}

/** The replayed turn to show. */
export function shownTurn(turn: ReplayedTurn, redact: Redact): ReplayedTurn {
  return {
    record: shownRecord(turn.record, redact),
    state: shownState(turn.state, redact),
    definition: turn.definition,
    effects: turn.effects.map((effect) => shownEffect(effect, redact)),
  };
}

function shownSnapshot(snapshot: AnyMachineSnapshot, redact: Redact): AnyMachineSnapshot {
  const output: unknown = snapshot.output;
  const error: unknown = snapshot.error;
  return {
    ...snapshot,
    context: redact(snapshot.context),
    ...(output === undefined ? {} : { output: redact(output) }),
    ...(error === undefined ? {} : { error: redact(error) }),
    can: (event: EventObject) => snapshot.can(event),
  } as AnyMachineSnapshot; // the same members, of which three are read as data only
}

function shownLive({ activities, timers }: Live, redact: Redact): Live {
  const shown = Object.entries(activities).map(
    ([id, activity]) => [id, { ...activity, input: redact(activity.input) }] as const,
  );
  return { activities: Object.fromEntries(shown), timers };
}

function shownStep(step: StepEntry, redact: Redact): StepEntry {
  const { error, late, skip, compensation } = step;
  return {
    ...step,
    ...(error === undefined ? {} : { error: shownFrame(error) }),
    ...(late === undefined ? {} : { late: { ...late, output: redact(late.output) } }),
    ...(skip === undefined ? {} : { skip: shownFrame(skip) }),
    ...(compensation === undefined ? {} : { compensation: shownFrame(compensation) }),
  };
}

function shownEvent<Event extends EventObject>(event: Event, redact: Redact): Event {
  return { ...(redact(event) as Event), type: shownFrame(event.type) };
}

function shownEffect(effect: Effect, redact: Redact): Effect {
  switch (effect.kind) {
    case 'start-activity': {
      const { late } = effect;
      const shownLate = late === null ? null : { ...late, output: redact(late.output) };
      return { ...effect, input: redact(effect.input), late: shownLate };
    }
    case 'send':
    case 'emit':
    case 'tell-activity':
      return { ...effect, event: shownEvent(effect.event, redact) };
    case 'act': {
      const { event, context, params } = effect;
      return {
        ...effect,
        event: shownEvent(event, redact),
        context: redact(context),
        params: redact(params),
      };
    }
    case 'stop-activity':
      return effect;
  }
}

/** Of a line that somebody damaged nothing is known but its kind: all of it is looked through. */
function shownOrAsItIs(inbound: Inbound, redact: Redact): Inbound {
  try {
    return shownInbound(inbound, redact);
  } catch {
    return { ...(redact(inbound) as Inbound), kind: inbound.kind } as Inbound; // no more than read
  }
}

function shownInbound(inbound: Inbound, redact: Redact): Inbound {
  switch (inbound.kind) {
    case 'start':
      return { ...inbound, input: redact(inbound.input) };
    case 'event':
      return {
        ...inbound,
        ...shownFrame({ id: inbound.id, ...authorIn(inbound) }),
        event: shownEvent(inbound.event, redact),
      };
    case 'told':
      return { ...inbound, event: shownEvent(inbound.event, redact) };
    case 'result':
      return { ...inbound, outcome: shownOutcome(inbound.outcome, redact) };
    case 'command': {
      const { command } = inbound;
      const { context } = command;
      const shown = context === undefined ? {} : { context: recordOf(redact(context)) };
      return { ...inbound, command: { ...command, ...shownFrame(authorIn(command)), ...shown } };
    }
    case 'migrate':
      return { ...inbound, state: shownEncoded(inbound.state, redact) };
    case 'park':
      return { ...inbound, failure: shownFrame(inbound.failure) };
    case 'move':
      return { ...inbound, ...shownFrame(authorIn(inbound)) };
    case 'timer':
    case 'admit':
    case 'interrupted':
      return inbound;
  }
}

/** A state as it is stored, with the same members in the same order. */
function shownEncoded(text: string, redact: Redact): string {
  const stored = storedIn(text);
  if (stored === null) return String(redact(text));
  const { live, steps, machine } = stored;
  return JSON.stringify({
    ...shownFrame({ ...stored, live: null, steps: null, machine: null }),
    live: shownLive(live, redact),
    steps: steps.map((step) => shownStep(step, redact)),
    machine: {
      ...machine,
      context: redact(machine.context),
      ...(machine.output === undefined ? {} : { output: redact(machine.output) }),
      ...(machine.error === undefined ? {} : { error: redact(machine.error) }),
    },
  });
}

function storedIn(text: string): StoredState | null {
  try {
    return inFull(JSON.parse(text)) as StoredState; // written by `encodeWhole`
  } catch {
    return null; // a damaged line is shown as the text it is
  }
}

function shownOutcome(outcome: AttemptOutcome, redact: Redact): AttemptOutcome {
  return outcome.kind === 'done'
    ? { kind: 'done', output: redact(outcome.output) }
    : { kind: 'failed', failure: shownFailure(outcome.failure, redact) };
}

// What was thrown is the user's own, as payloads are.
function shownFailure(failure: Failure, redact: Redact): Failure {
  const { thrown } = failure;
  if (thrown === undefined) return shownFrame(failure);
  return { ...shownFrame(plainFailure(failure)), thrown: redact(thrown) as Thrown }; // the same members
}

interface Author {
  readonly by?: string;
  readonly reason?: string;
}

function authorIn({ by, reason }: Author): Author {
  return { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? { ...value } : {};
}
