/**
 * Traces sagas with OpenTelemetry, through the API package that the user's program brings; loaded
 * only where tracing is asked for.
 *
 * The API lets nobody choose the id of a span. So nothing here waits for a span that another process
 * must end: what a saga keeps of its trace is the span of its start, which has ended by then.
 * Invariant: no span has anything of a payload; the texts of errors have their secrets hidden.
 */
import type * as Api from '@opentelemetry/api';
import { type Failure, toFailure } from '../../core/failure.ts';
import { loadWithPackage } from '../../core/missing-package.ts';
import { redactText } from '../../core/secrets/redact.ts';
import { isEnded } from '../../core/status.ts';
import { partsOfTraceparent, readTraceparent } from '../../core/traceparent.ts';
import type { AttemptEnd, AttemptSpan, TracedAttempt, Tracing } from './tracing.ts';

/** The name of the instrumentation scope. */
const SCOPE = 'backstep';
/** How an attempt's span is called, before the name of its step. */
const VERBS = { forward: 'attempt', compensate: 'compensate', probe: 'probe' } as const;

/** Loads it. Throws `storage-refused`, saying what to install, where the package is missing. */
export function openTracing(): Promise<Tracing> {
  return loadWithPackage(async () => tracingOver(await import('@opentelemetry/api')), {
    by: 'tracing',
    name: '@opentelemetry/api',
  });
}

/** Tracing over the API; what provider of tracers there is, is asked at each span. */
function tracingOver(api: typeof Api): Tracing {
  const { trace, context, ROOT_CONTEXT, isSpanContextValid } = api;

  /** A span of another process to be below of; without one the span begins a trace of its own. */
  function below(traceparent: string | null): Api.Context {
    const known = traceparent === null ? null : readTraceparent(traceparent);
    if (known === null) return ROOT_CONTEXT;
    const { traceId, spanId, flags: traceFlags } = partsOfTraceparent(known);
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  }

  function start(name: string, options: Api.SpanOptions, parent: Api.Context): Api.Span {
    return trace.getTracer(SCOPE).startSpan(name, options, parent);
  }

  function fail(span: Api.Span, failure: Failure, atMs?: number): void {
    const { code, message } = shownFailure(failure);
    span.setAttribute('error.type', code);
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: code });
    const at = atMs === undefined ? undefined : new Date(atMs);
    span.addEvent('exception', { 'exception.type': code, 'exception.message': message }, at);
  }

  /** `null`: no provider is there, so that the span has no ids. */
  function traceparentOf(span: Api.Span): string | null {
    const { traceId, spanId, traceFlags } = span.spanContext();
    if (!isSpanContextValid({ traceId, spanId, traceFlags })) return null;
    return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  return {
    async start(type, options, run) {
      const { traceparent: given = null } = options;
      const active = context.active();
      const isActive = trace.getSpanContext(active) !== undefined;
      const attributes = { 'backstep.saga.type': type };
      const span = start(`start ${type}`, { attributes }, isActive ? active : below(given));
      try {
        const traceparent = traceparentOf(span) ?? given;
        const started = await run(traceparent === null ? options : { ...options, traceparent });
        span.setAttribute('backstep.saga.id', started.id);
        span.setAttribute('backstep.saga.is_new', started.isNew);
        return started;
      } catch (error) {
        fail(span, toFailure(error));
        throw error;
      } finally {
        span.end();
      }
    },

    attempt(attempt) {
      const parent = below(attempt.trace);
      const span = start(nameOf(attempt), { attributes: attributesOf(attempt) }, parent);
      return attemptSpan(span, trace.setSpan(parent, span), traceparentOf(span) ?? attempt.trace);
    },

    interrupted(attempt, startedAtMs, foundAtMs) {
      const attributes = { ...attributesOf(attempt), 'backstep.outcome': 'interrupted' };
      const startTime = new Date(Math.min(startedAtMs, foundAtMs));
      const span = start(nameOf(attempt), { attributes, startTime }, below(attempt.trace));
      const message = 'interrupted';
      span.setAttribute('error.type', message);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message });
      span.end(new Date(foundAtMs));
    },

    settled({ type, sagaId, trace: parent, status, startedAtMs, settledAtMs, failure }) {
      const attributes = {
        'backstep.saga.type': type,
        'backstep.saga.id': sagaId,
        'backstep.saga.status': status,
      };
      // The clock may have been set back meanwhile.
      const startTime = new Date(Math.min(startedAtMs, settledAtMs));
      const span = start(`saga ${type}`, { attributes, startTime }, below(parent));
      if (failure !== null) fail(span, failure, settledAtMs);
      else if (!isEnded(status)) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end(new Date(settledAtMs));
    },
  };

  function attemptSpan(
    span: Api.Span,
    within: Api.Context,
    traceparent: string | null,
  ): AttemptSpan {
    let hasEnded = false;
    return {
      traceparent,
      run: (call) => context.with(within, call),
      end(end: AttemptEnd) {
        if (hasEnded) return;
        hasEnded = true;
        span.setAttribute('backstep.outcome', end.kind);
        if (end.kind === 'failed') fail(span, end.failure);
        if (end.kind === 'timed-out') {
          span.setAttribute('error.type', 'timeout');
          span.setStatus({ code: api.SpanStatusCode.ERROR, message: 'timeout' });
        }
        span.end();
      },
    };
  }
}

function nameOf({ direction, step }: TracedAttempt): string {
  return `${VERBS[direction]} ${step}`;
}

function attributesOf(attempt: TracedAttempt): Api.Attributes {
  return {
    'backstep.saga.type': attempt.type,
    'backstep.saga.id': attempt.sagaId,
    'backstep.step': attempt.step,
    'backstep.direction': attempt.direction,
    'backstep.activity': attempt.activity,
    'backstep.attempt': attempt.attempt,
    'backstep.idempotency_key': attempt.key,
  };
}

function shownFailure({ code, message }: Failure): { code: string; message: string } {
  return { code: redactText(code), message: redactText(message) };
}
