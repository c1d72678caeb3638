/** A machine to be run twice, and what may happen to it. */
import type { AnyStateMachine, EventObject } from 'xstate';
import type { Failure } from '../../src/core/failure.ts';

export interface Case {
  readonly machine: AnyStateMachine;
  readonly input?: unknown;
  /** Events to choose from; strange ones included. */
  readonly events: readonly (EventObject & Readonly<Record<string, unknown>>)[];
  /** What an activity can answer, by name; otherwise `null`. */
  readonly outputs?: Readonly<Record<string, readonly unknown[]>>;
  /** States that the machine only passes through, so that nobody ever sees it there. */
  readonly passing?: readonly string[];
  /** Spans to move the clock by, milliseconds. */
  readonly spansMs?: readonly number[];
}

/** One thing that happens, the same to both sides. Numbers choose among what is there. */
export type Happening =
  | { readonly kind: 'event'; readonly which: number }
  | { readonly kind: 'time'; readonly which: number }
  | { readonly kind: 'done'; readonly which: number; readonly output: number }
  | { readonly kind: 'failed'; readonly which: number }
  /** To the durable side only: the process was gone. It must make no difference. */
  | { readonly kind: 'restart' };

/** What anybody can see of an actor. */
export interface Sight {
  readonly status: string;
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly tags: readonly string[];
  readonly emitted: readonly unknown[];
  /** Running activities and their inputs, by id. */
  readonly running: Readonly<Record<string, unknown>>;
  /** When each timer fires, the next one first. */
  readonly dueMs: readonly number[];
}

/** Either side of the comparison. */
export interface Side {
  sight(): Sight;
  /** Ids of the running activities, sorted. */
  running(): readonly string[];
  send(event: EventObject): Promise<void>;
  elapse(spanMs: number): Promise<void>;
  done(id: string, output: unknown): Promise<void>;
  fail(id: string, failure: Failure): Promise<void>;
}

/** Both sides in one form: what JSON drops is not there. */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  return JSON.parse(
    JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, member: unknown) {
      const raw = this[key];
      // As it reads, not as either side writes it down.
      return raw instanceof Error
        ? { ...Object.fromEntries(Object.entries(raw)), name: raw.name, message: raw.message }
        : member;
    }),
  ) as unknown;
}

/** Events that are only a type. */
export function types(...names: readonly string[]): Case['events'] {
  return names.map((type) => ({ type }));
}

/** What an activity throws for a failure, the same to both sides. */
export function errorFor({ message, ...members }: Failure): Error {
  return Object.assign(new TypeError(message), { ...members, status: 503 });
}
