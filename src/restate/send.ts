/** Calls that nobody waits for, with all that their receivers need. Pure. */
import type { TurnRecord } from '../store/commit.ts';
import { SERVICES } from './names.ts';
import type { JournalWords, SagaWords } from './words.ts';

/** Names an attempt among those of its saga. */
export function nameOfAttempt(activity: string, token: number): string {
  return `${activity}/${token}`;
}

/** One call that nobody waits for. */
export interface Send {
  readonly service: (typeof SERVICES)[keyof typeof SERVICES];
  /** Of an object. */
  readonly key?: string;
  readonly handler: string;
  readonly words: unknown;
  readonly delayMs?: number;
  /** Of an attempt, which may be stopped by the id of its call. */
  readonly attempt?: string;
}

/** A call of another saga. */
export function toSaga<Handler extends keyof SagaWords>(
  key: string,
  handler: Handler,
  words: SagaWords[Handler],
  delayMs = 0,
): Send {
  const send = { service: SERVICES.saga, key, handler, words };
  return delayMs > 0 ? { ...send, delayMs } : send;
}

/** Turns of a saga, to be written where they are not written yet. */
export function toJournal(key: string, type: string, turns: readonly TurnRecord[]): Send {
  const words: JournalWords = { type, turns: [...turns] };
  return { service: SERVICES.journal, key, handler: 'append', words };
}

/**
 * Asks for a place of the type once more; who has one is told so again. `hasBegun`: it takes one
 * without waiting.
 */
export function toGate(type: string, saga: string, hasBegun = false): Send {
  const words = { saga, hasBegun };
  return { service: SERVICES.gate, key: type, handler: 'enter', words };
}
