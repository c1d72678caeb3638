/**
 * What the engine tells whoever traces it; `open-tracing.ts` tells OpenTelemetry. An engine that is
 * not traced has none of it.
 *
 * Must never throw, and never be given what an input, an output or an event carries.
 */
import type { Failure } from '../../core/failure.ts';
import type { Direction } from '../../core/state.ts';
import type { SettledStatus } from '../../core/status.ts';
import { readTraceparent } from '../../core/traceparent.ts';
import type { SpawnOptions } from '../backstep.ts';
import type { StartResult } from '../saga-handle.ts';

/** One attempt, as its span names it. */
export interface TracedAttempt {
  readonly type: string;
  readonly sagaId: string;
  /** The `traceparent` of its saga; `null`: the saga is in no trace. */
  readonly trace: string | null;
  readonly step: string;
  readonly direction: Direction;
  readonly activity: string;
  readonly attempt: number;
  readonly key: string;
}

/** How an attempt ended, as far as it was seen. */
export type AttemptEnd =
  | { readonly kind: 'done' | 'timed-out' | 'stopped' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** An attempt that runs. */
export interface AttemptSpan {
  /** What the activity hands on; `null`: nothing is recorded, and the saga has no trace. */
  readonly traceparent: string | null;
  /** Runs a function within the span, and what it begins. */
  run<Result>(call: () => Result): Result;
  /** The first call counts. */
  end(end: AttemptEnd): void;
}

/** A saga that is settled, for now or for good. */
export interface SettledSaga {
  readonly type: string;
  readonly sagaId: string;
  readonly trace: string | null;
  readonly status: SettledStatus;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly settledAtMs: number;
  /** Why it left its way, or cannot go on; `null`: neither. */
  readonly failure: Failure | null;
}

export interface Tracing {
  /** Starts a saga within a span of its own; `run` is given that one's `traceparent`. */
  start(
    type: string,
    options: SpawnOptions,
    run: (options: SpawnOptions) => Promise<StartResult>,
  ): Promise<StartResult>;
  attempt(attempt: TracedAttempt): AttemptSpan;
  /** The process that made the attempt is gone, and its span with it. Times: since 1970. */
  interrupted(attempt: TracedAttempt, startedAtMs: number, foundAtMs: number): void;
  settled(saga: SettledSaga): void;
}

/** Starts a saga, traced where there is tracing. */
export function startTraced(
  tracing: Tracing | undefined,
  type: string,
  options: SpawnOptions,
  run: (options: SpawnOptions) => Promise<StartResult>,
): Promise<StartResult> {
  return tracing === undefined ? run(options) : tracing.start(type, options, run);
}

/** The trace that a start was given, as it is kept; nothing where none was. */
export function givenTrace({ traceparent }: SpawnOptions): { readonly trace?: string } {
  const trace = traceparent === undefined ? null : readTraceparent(traceparent);
  return trace === null ? {} : { trace };
}
