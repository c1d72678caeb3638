/**
 * What is said to the objects of sagas while they are moved between hosts. Only whoever has the ticket
 * of the move may say it, see move-object.ts.
 */
import { z } from 'zod';
import type { Failure } from '../../core/failure.ts';
import { SAGA_STATUSES, type SagaStatus } from '../../core/status.ts';
import type { TurnRecord } from '../../store/commit.ts';
import { turnRecord } from '../turn-record-words.ts';

const text = z.string();
const count = z.int().nonnegative();
const atMs = z.number();
const status: z.ZodType<SagaStatus> = z.enum(SAGA_STATUSES);
const failure: z.ZodType<Failure> = z.looseObject({
  code: text,
  message: text,
  retryable: z.boolean(),
  ambiguous: z.boolean(),
});
const turns: z.ZodType<TurnRecord[]> = z.array(turnRecord).min(1);

/** A saga that comes, as it stands, and the first turns of its journal. */
export const ARRIVE = z.object({
  move: text,
  /** Where it comes from. */
  place: text,
  /** Only looks whether it could come. */
  isTrial: z.boolean(),
  type: text,
  version: count,
  definitionHash: text,
  format: count,
  status,
  hasEnded: z.boolean(),
  seq: count,
  key: text.nullable(),
  inputHash: text,
  atMs,
  parkFailure: failure.nullable(),
  /** The highest seq of the database that it comes from. */
  lastSeq: count,
  /** The whole text of its state. */
  text,
  turns,
});
export type ArriveWords = z.infer<typeof ARRIVE>;

/** Further turns of its journal. */
export const ARRIVE_MORE = z.object({ move: text, turns });

/** A message that nobody has acknowledged where it comes from: a row of the outbox. */
const message = z.object({
  sagaSeq: count,
  position: count,
  event: text,
  data: text,
  /** The id that its receivers know it by. */
  knownAs: count,
});
export type ArrivingMessage = z.infer<typeof message>;

/** It goes on here: all of its family has come. */
export const GO_ON = z.object({
  move: text,
  /** What was under way there had not ended by a crash. */
  wasClean: z.boolean(),
  messages: z.array(message),
  atMs,
});

/** A start key that it has; `isTrial`: only looks whether it may have it. */
export const CLAIM = z.object({
  saga: text,
  type: text,
  key: text,
  inputHash: text,
  isTrial: z.boolean(),
});

const author = { by: text.exactOptional(), reason: text.exactOptional() };
/** It stands still, to leave. `isTrial`: only looks whether it may. */
export const LEAVE = z.object({ move: text, place: text, isTrial: z.boolean(), atMs, ...author });
/** A saga that leaves; one that had ended is only noted. */
export const LEFT = z.object({ hasEnded: z.boolean() });
export type Left = z.infer<typeof LEFT>;
/** It has left, or goes on here after all. */
export const CLOSED = z.object({ isClosed: z.boolean() });
export const CLOSE = z.object({ move: text, phase: z.enum(['gone', 'back']), atMs, ...author });

/** A call that came while the saga was moved, and is taken once it goes on. */
export interface HeldCall {
  readonly handler: 'message' | 'goesOn' | 'end';
  readonly words: unknown;
}
export const HELD: z.ZodType<HeldCall[]> = z.array(
  z.object({ handler: z.enum(['message', 'goesOn', 'end']), words: z.unknown() }),
);

/** How far a saga has come. */
export const COME = z.object({
  /** `room`: not at all. */
  standing: z.enum(['room', 'arriving', 'here']),
  /** The last turn of its journal that came. */
  upTo: count,
});
export type Come = z.infer<typeof COME>;

/** What may be asked of a saga by whoever moves it. */
export const MOVE_HANDLERS = [
  'claim',
  'arrive',
  'arriveMore',
  'goOn',
  'leave',
  'close',
  'whole',
] as const;
export type MoveHandler = (typeof MOVE_HANDLERS)[number];

/** By which the object of a move keeps its ticket. */
export const TICKET = 'ticket';
/** A call through it. */
export const PASS = z.object({
  ticket: text,
  saga: text,
  handler: z.enum(MOVE_HANDLERS),
  words: z.unknown(),
});
