/**
 * A worker: serves the services of Backstep to Restate. It keeps nothing, so that any number of them
 * may run behind one address, and each may end at any time.
 */
import { createEndpointHandler } from '@restatedev/restate-sdk';
import { type Duration, toMs } from '../core/duration.ts';
import { BackstepError } from '../core/errors.ts';
import { createRedact, type HidesMember } from '../core/secrets/redact.ts';
import type { Backstep } from '../host/backstep.ts';
import { orAfter, systemClock } from '../host/clock.ts';
import { DEFAULT_LIMITS, type Limits } from '../host/limits.ts';
import { UnheardEvents } from '../host/outside/unheard-events.ts';
import { shownLog } from '../host/shown-log.ts';
import { openTracing } from '../host/telemetry/open-tracing.ts';
import { type Logger, silentLogger } from '../host/turn-log.ts';
import { AttemptDesk } from './attempt-desk.ts';
import { attemptService } from './attempt-service.ts';
import { gateObject } from './gate-object.ts';
import { serveHttp2 } from './http-server.ts';
import { moveObject } from './moves/move-object.ts';
import { outboxObject } from './outbox-object.ts';
import { sagaObject } from './saga-object.ts';
import { type MetricsAt, serveMetrics } from '../host/telemetry/serve-metrics.ts';
import { WorkerRegistry } from './worker-registry.ts';

/** Levels of the SDK's log that are passed on: at the others it logs every call. */
const TOLD: ReadonlySet<string> = new Set(['warn', 'error']);

/** Callers of the face give up after half a minute, and may have to wait for an attempt. */
const LONGEST_INLINE_MS = 20_000;

export interface WorkerOptions {
  /** Where Restate, or what stands before the workers, reaches it; 0: any free one. */
  readonly port: number;
  /** Default `127.0.0.1`. The port takes Restate's word for everything: keep it private. */
  readonly host?: string;
  /** Binds the sagas, every version that is in flight; called once, before anything is served. */
  readonly register: (worker: Pick<Backstep, 'register'>) => void;
  /** How long ended sagas are kept; their start keys are kept for ever. Default: for ever. */
  readonly keepEndedFor?: Duration;
  /**
   * How long an attempt that was given up is listened to: what it answers by then stands with its
   * step. Until then Restate keeps its call. Default `30s`.
   */
  readonly lateWithin?: Duration;
  /**
   * Attempts that the call which took the turn makes itself, in place of a call for each: of an
   * activity whose time-out is at most that, while it is all that its saga does. About half of the
   * cost of a saga, and for it events, orders and timers of the saga wait for such an attempt to end,
   * at most its time-out; an answer after that is not heard, and its signal fires no earlier. Longest
   * `20s`. The same for all workers behind one address. Default: none.
   */
  readonly inlineAttempts?: InlineAttemptOptions;
  /**
   * Public keys of the Restate servers that may call, as Restate logs them at its start, such as
   * `publickeyv1_...`; what is not signed by one of them is refused. Default: anybody may call.
   */
  readonly identityKeys?: readonly string[];
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Pick<Limits, 'activitiesInFlight' | 'outputLength' | 'stateLength'>>;
  /** A pino logger or the like. Default: silence. */
  readonly logger?: Logger;
  /** Hides further members of what is logged, by name. Default: the default list only. */
  readonly hides?: HidesMember;
  /** Where `GET /metrics` tells of the attempts that it makes. Default: nowhere. */
  readonly metrics?: MetricsAt;
  /** True: attempts are spans of OpenTelemetry; see `openBackstep`. Default false. */
  readonly tracing?: boolean;
}

/** Which attempts are inline ones. */
export interface InlineAttemptOptions {
  /** Longest time-out of one. */
  readonly upTo: Duration;
}

export interface Worker {
  readonly port: number;
  /** Where its metrics are served; `null`: nowhere. */
  readonly metricsPort: number | null;
  /**
   * Lets running attempts end for at most `within`, by default 10s, then ends what is left: another
   * worker makes those again, counted.
   */
  stop(options?: { readonly within?: Duration }): Promise<void>;
}

/**
 * Serves sagas to Restate. Resolves once it listens. Throws `definition-invalid` as `register` does,
 * and for what this host cannot run, see `WorkerRegistry`; `storage-refused` where tracing lacks its
 * package.
 */
export async function serveWorker(options: WorkerOptions): Promise<Worker> {
  const {
    port,
    host = '127.0.0.1',
    register,
    keepEndedFor,
    identityKeys = [],
    hides,
    lateWithin = '30s',
    tracing = false,
    metrics,
  } = options;
  const upToMs = upToMsOf(options.inlineAttempts);
  const logger = shownLog(options.logger ?? silentLogger, createRedact(hides));
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const registry = new WorkerRegistry();
  register({ register: (definition, ...[bindings = {}]) => registry.add(definition, bindings) });
  const desk = new AttemptDesk({
    clock: systemClock,
    limits,
    lateMs: toMs(lateWithin, 'lateWithin'),
    ...(tracing ? { tracing: await openTracing() } : {}),
  });
  const unheard = new UnheardEvents(logger);
  const place = {
    registry,
    stateLength: limits.stateLength,
    keepEndedMs: keepEndedFor === undefined ? null : toMs(keepEndedFor, 'keepEndedFor'),
    unheard,
    inline: upToMs === null ? null : { upToMs, desk },
  };
  const handler = createEndpointHandler({
    services: [
      sagaObject(place),
      attemptService({ registry, desk }),
      outboxObject(registry, systemClock, unheard),
      gateObject(registry),
      moveObject(),
    ],
    identityKeys: [...identityKeys],
    logger: ({ level }, message, ...more: unknown[]) => {
      if (TOLD.has(level)) logger.warn({ err: more[0] }, String(message));
    },
  });
  const onRefused = (refusal: string): void => logger.error({}, refusal);
  const server = await serveHttp2({ port, host, handler, onRefused });
  const figures = () => ({ ...desk.figures(), unheardEvents: unheard.count });
  const watched = await serveMetrics(metrics, figures).catch((error: unknown) => {
    void server.close();
    throw error;
  });
  return {
    port: server.port,
    metricsPort: watched?.port ?? null,
    stop: async ({ within = '10s' } = {}) => {
      const withinMs = toMs(within, 'within');
      // Nothing new comes, and what the last attempts came to is still told to Restate.
      const told = server.close();
      await Promise.all([desk.drain(withinMs), orAfter(systemClock, told, withinMs)]);
      server.end();
      watched?.end();
    },
  };
}

function upToMsOf(options: InlineAttemptOptions | undefined): number | null {
  if (options === undefined) return null;
  const name = 'inlineAttempts.upTo';
  const upToMs = toMs(options.upTo, name);
  if (upToMs <= LONGEST_INLINE_MS) return upToMs;
  const message = `${name} must be at most ${LONGEST_INLINE_MS / 1_000}s: callers of a saga wait for it`;
  throw new BackstepError('definition-invalid', message);
}
