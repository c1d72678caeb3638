/**
 * What the services of Backstep say to each other through Restate, and what callers of its ingress
 * hear: JSON, checked where it arrives.
 *
 * A refusal is an answer like any other. Restate keeps of a thrown error its message only, and an
 * error that is thrown after the first command of a handler would leave half a turn behind.
 * Members that a schema does not know are kept: during an upgrade a newer sender may say more.
 */
import { z } from 'zod';
import type { Failure } from '../core/failure.ts';
import { SAGA_STATUSES, type SagaStatus } from '../core/status.ts';
import type { ParentLink } from '../core/turn/parent-link.ts';
import {
  type AttemptOutcome,
  COMMAND_NAMES,
  type Effect,
  type Inbound,
  type OperatorCommand,
} from '../core/turn/inbound.ts';
import { errorOfRefusal, type Refusal, refusalOfError } from '../host/refusal.ts';
import { turnRecord } from './turn-record-words.ts';

const status: z.ZodType<SagaStatus> = z.enum(SAGA_STATUSES);
const text = z.string();
const count = z.int().nonnegative();
/** Milliseconds since 1970, by the clock of whoever sends it. */
const atMs = z.number();
const event = z.looseObject({ type: text });
/** JSON, or no value at all: then the member is not there. */
const anything: z.ZodType = z.unknown().optional();

const failure: z.ZodType<Failure> = z.looseObject({
  code: text,
  message: text,
  retryable: z.boolean(),
  ambiguous: z.boolean(),
});
const decision = z.object({ by: text.nullable(), reason: text.nullable() });
const gaveUp = { gaveUp: decision.exactOptional() };
const outcome: z.ZodType<AttemptOutcome> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), output: anything, ...gaveUp }),
  z.object({ kind: z.literal('failed'), failure, ...gaveUp }),
]);
const command: z.ZodType<OperatorCommand> = z.object({
  name: z.enum(COMMAND_NAMES),
  by: text.exactOptional(),
  reason: text.exactOptional(),
  step: text.exactOptional(),
  context: z.record(text, z.unknown()).exactOptional(),
});
const attempt = { activity: text, token: count };
const parent: z.ZodType<ParentLink> = z.object({
  sagaId: text,
  step: text,
  shows: z.object(attempt).exactOptional(),
  trace: text.exactOptional(),
});

/** An event from outside, as its sender gave it. */
const sentEvent: z.ZodType<Inbound & { kind: 'event' }> = z.object({
  kind: z.literal('event'),
  id: text,
  event,
  by: text.exactOptional(),
  reason: text.exactOptional(),
});

/** What nobody waits for: an attempt or a child has come to something. */
export type Report = Extract<Inbound, { kind: 'result' | 'timer' | 'interrupted' }>;
const report: z.ZodType<Report> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('result'),
    ...attempt,
    outcome,
    occurrence: z.int().exactOptional(),
  }),
  z.object({
    kind: z.literal('timer'),
    timer: text,
    token: count,
    isLimited: z.boolean().exactOptional(),
  }),
  z.object({
    kind: z.literal('interrupted'),
    ...attempt,
    wasClean: z.literal(true).exactOptional(),
  }),
]);

/** What one saga says to another. */
export type Message = Extract<Inbound, { kind: 'event' | 'told' }>;
const said: z.ZodType<Message> = z.union([
  sentEvent,
  z.object({ kind: z.literal('told'), ...attempt, event, id: text.exactOptional() }),
]);

/** Whom a child tells that it is over. */
export const WATCH = z.object({ parent: text, ...attempt, isUnwinding: z.boolean() });
export type Watch = z.infer<typeof WATCH>;

/** As the embedded host keeps it: in the outbox of that saga, with that turn. */
const asRow = { row: z.object({ of: text, seq: count, data: text }).exactOptional() };

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;
const effect = z.custom<StartEffect>((value) => startEffect.safeParse(value).success);
const startEffect = z.looseObject({
  kind: z.literal('start-activity'),
  ...attempt,
  src: text,
  key: text,
  step: text,
});

/** Asks for turns that are kept, from the one after that on. */
export const KEPT_WORDS = z.object({ afterSeq: count });
/** Those turns in order, each without the text of the state that it left. */
export const KEPT_TURNS = z.object({ turns: z.array(turnRecord) });
export type KeptTurns = z.infer<typeof KEPT_TURNS>;

/** What is asked of each handler of a saga. */
export const SAGA_WORDS = {
  /** The input is parsed already, by the schema of that version. */
  start: z.object({
    type: text,
    version: count,
    input: anything,
    key: text.nullable(),
    /** SHA-256 (hex) of the canonical JSON of the parsed input. */
    inputHash: text,
    /** When it begins; `null`: at once. */
    startAtMs: atMs.nullable(),
    /** The `traceparent` of whoever asks. */
    trace: text.exactOptional(),
    /** The key names this saga, which came from another host: none is begun. */
    isForwarded: z.literal(true).exactOptional(),
    atMs,
  }),
  event: z.object({ inbound: sentEvent, expectedVersion: count.nullable(), atMs }),
  command: z.object({ command, expectedVersion: count.nullable(), atMs }),
  report: z.object({ inbound: report, atMs }),
  /** To make the attempt that it has live, unless that was dispatched again since. */
  attempt: z.object({ ...attempt, dispatch: count, atMs }),
  /** A timer may be due. */
  wake: z.object({ dueMs: atMs }),
  message: z.object({ inbound: said, atMs }),
  /** The input is as the parent gave it. */
  startChild: z.object({ type: text, version: count, input: anything, parent, watch: WATCH, atMs }),
  /** Undo whatever saga that is, and say what came of it. */
  unwind: z.object({ watch: WATCH, atMs }),
  /** Its parent has left it, and is told of its end no more; `command`: how it is to end. */
  end: z.object({
    ...attempt,
    ...asRow,
    command: z.enum(['cancel', 'terminate']).nullable(),
    reason: text,
    atMs,
  }),
  /** A child that stood still goes on: it is told to end where nobody waits for it any more. */
  goesOn: z.object({ child: text, ...asRow, atMs }),
  /** A place of its type is free. */
  admit: z.object({ atMs }),
  /** Attempts and children of which somebody killed the call, as `activity/token`. */
  nudge: z.object({ attempts: z.array(text), atMs }),
  /** Another version may have come that it migrates to, or that it was parked for. */
  adopt: z.object({ atMs }),
  /** It ended long ago: only its start key is kept. */
  forget: z.object({}),
  /** For the last turns that it took. */
  turns: KEPT_WORDS,
  /** To send those turns to its journal again, as far as it still has them. */
  retell: z.object({ seqs: z.array(count) }),
} as const;

/** What is asked of a handler of a saga. */
export type SagaWords = {
  [Handler in keyof typeof SAGA_WORDS]: z.infer<(typeof SAGA_WORDS)[Handler]>;
};

/** An attempt to be made: what the turn of that saga commanded. */
export const ATTEMPT_WORDS = z.object({
  saga: text,
  type: text,
  version: count,
  effect,
  /** The `traceparent` of the saga. */
  trace: text.exactOptional(),
  atMs,
});
export type AttemptWords = z.infer<typeof ATTEMPT_WORDS>;

/** What an outbox has to hand over; `data`: JSON of the event object, or of a custom action. */
export const OUTBOX_WORDS = z.object({
  type: text,
  seq: count,
  index: count,
  event: text,
  data: text,
  /** The id that its receivers know it by, of a message that came from another host. */
  knownAs: count.exactOptional(),
});
export type OutboxWords = z.infer<typeof OUTBOX_WORDS>;

/** What is asked of each handler of a gate. */
export const GATE_WORDS = {
  /** `hasBegun`: it goes on after it had given its place up, and cannot wait. */
  enter: z.object({ saga: text, hasBegun: z.boolean() }),
  leave: z.object({ saga: text }),
  /** The bound may be another one since a deployment. */
  resize: z.object({}),
} as const;

/** Turns of one saga, in order, to be written where they are not written yet. */
export const JOURNAL_WORDS = z.object({ type: text, turns: z.array(turnRecord).min(1) });
export type JournalWords = z.infer<typeof JOURNAL_WORDS>;

/** Turns of a saga that comes from another host, each with the text that its last one left. */
export const JOURNAL_ARRIVAL = JOURNAL_WORDS.extend({
  text,
  /** What is there of it is of before, and goes. */
  isFirst: z.boolean(),
});
export type JournalArrival = z.infer<typeof JOURNAL_ARRIVAL>;

/** A saga as its object keeps it, for whoever decodes it with the definition. */
const stored = z.object({
  type: text,
  version: count,
  definitionHash: text,
  /** In which form `state` is written. */
  format: count,
  status,
  seq: count,
  state: text,
  /** Why it is parked, where its state does not say so. */
  parkFailure: failure.nullable(),
});
export type StoredWords = z.infer<typeof stored>;

const refused: z.ZodType<Refusal> = z.looseObject({
  code: z.string().transform((code) => code as Refusal['code']),
  message: text,
  legal: z.array(text).exactOptional(),
  kept: z.array(text).exactOptional(),
  issues: z
    .array(z.object({ path: text, message: text, isTypeError: z.boolean() }))
    .exactOptional(),
  retryAfterMs: z.number().exactOptional(),
});

/** What was done, or why it was not. */
export type Answer<Value> = { readonly done: Value } | { readonly refused: Refusal };

/** How an answer is written. */
export const answerOf = <Value>(value: z.ZodType<Value>): z.ZodType<Answer<Value>> =>
  z.union([z.object({ done: value }), z.object({ refused })]);

/** What callers of the ingress hear of each public handler. */
export const SAGA_ANSWERS = {
  start: answerOf(
    z.object({
      /** `removed`: it ended so long ago that not even that is known. */
      status: z.union([status, z.literal('removed')]),
      isNew: z.boolean(),
      isRemoved: z.boolean(),
      /** Another saga than was asked: the key names one that came from another host. */
      id: text.exactOptional(),
    }),
  ),
  event: answerOf(stored),
  command: answerOf(stored),
  adopt: z.unknown(),
  nudge: z.unknown(),
  retell: z.unknown(),
  get: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('saga'), saga: stored }),
    /** Only its start key is kept. */
    z.object({ kind: z.literal('removed'), endedAs: status }),
    z.object({ kind: z.literal('none') }),
  ]),
  /** `saga`: `null` where it is removed. */
  turns: KEPT_TURNS.extend({ saga: stored.nullable() }),
} as const;

/** What is said of a handler of a saga. */
export type SagaAnswers = {
  [Handler in keyof typeof SAGA_ANSWERS]: z.infer<(typeof SAGA_ANSWERS)[Handler]>;
};

/** A refusal as an answer. */
export function refusedAs(error: unknown): { readonly refused: Refusal } {
  return { refused: refusalOfError(error) };
}

/** What was done. Throws the refusal as the error that it was. */
export function doneOf<Value>(answered: Answer<Value>): Value {
  if ('done' in answered) return answered.done;
  throw errorOfRefusal(answered.refused);
}
