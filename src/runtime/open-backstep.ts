/**
 * Opens an engine over a database, with the machine's own clock and chance unless told
 * otherwise.
 *
 * What runs sagas is loaded when one is opened: a program that only defines or verifies some, such as
 * a test of theirs, starts without SQLite and Kysely.
 */
import { randomBytes } from 'node:crypto';
import { readDatabase } from '../core/database-target.ts';
import { type Duration, toMs } from '../core/duration.ts';
import { check } from '../core/options-reader.ts';
import { createRedact, type HidesMember } from '../core/secrets/redact.ts';
import { loadStore, type OpenStoreOptions } from '../store/open-store.ts';
import type { Backstep } from '../host/backstep.ts';
import type { AlertOptions } from '../host/alerts/alert-options.ts';
import { checkedAlerts } from '../host/alerts/alert-rules.ts';
import { type Clock, systemClock } from '../host/clock.ts';
import { OPEN_OPTIONS } from '../host/edge-options.ts';
import type { EngineParts, FatalCause } from './engine-parts.ts';
import { warnOfOpenFile } from './file-modes.ts';
import { DEFAULT_LIMITS, type Limits } from '../host/limits.ts';
import { registrationCheck, type VerifyAtRegistration } from '../host/registration-check.ts';
import { subscriptionCheck } from '../host/subscription-check.ts';
import { openTracing } from '../host/telemetry/open-tracing.ts';
import { type Logger, silentLogger } from '../host/turn-log.ts';

export interface BackstepOptions extends Omit<OpenStoreOptions, 'nowMs' | 'onWarning'> {
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Sixteen random bytes for a saga's public id. Default: `crypto.randomBytes`. */
  readonly randomId?: () => Uint8Array;
  /** Default: `DEFAULT_LIMITS`, part by part. */
  readonly limits?: Partial<Limits>;
  /** A pino logger or the like. Default: silence. */
  readonly logger?: Logger;
  /** Hides further members of what is shown and logged, by name. Default: the default list only. */
  readonly hides?: HidesMember;
  /**
   * Called once when nothing can be written any more: the outcome of a commit is unknown, the data
   * is damaged, or another process owns the database now (`taken-over`). The process should exit;
   * one that was taken over can be started again at once, as a standby. Default: nothing.
   */
  readonly onFatal?: (reason: string, cause: FatalCause) => void;
  /**
   * How long sagas are kept after their end; older ones are removed, a few at a time, their start
   * keys and dead letters are not. Nothing is removed for a day after the clock was set; see
   * `Backstep.retention`. Default: for ever.
   */
  readonly keepEndedFor?: Duration;
  /** What somebody is to be told of, and who. Default: nothing. */
  readonly alerts?: AlertOptions;
  /** Default `warn`, in the log: without a logger nothing is explored. */
  readonly verifyAtRegistration?: VerifyAtRegistration;
  /**
   * True: starts, attempts and settled sagas are spans of OpenTelemetry, by the package
   * `@opentelemetry/api`, which the program brings along with whatever exports them. Default false.
   */
  readonly tracing?: boolean;
}

/**
 * Opens an engine over one database. Throws `input-invalid` for options that it does not take,
 * `storage-refused` for what a person must mend, a missing package included, and `unavailable` for a fault of the disk that may
 * pass; none leaves anything behind.
 */
export async function openBackstep(options: BackstepOptions): Promise<Backstep> {
  check(options, OPEN_OPTIONS, 'openBackstep', 'input-invalid');
  const { database, clock = systemClock, randomId, limits, onFatal, hides, ...more } = options;
  const { logger = silentLogger, verifyAtRegistration = 'warn', keepEndedFor, ...others } = more;
  const { alerts, tracing = false, ...rest } = others;
  const verifies = registrationCheck(verifyAtRegistration, logger);
  const tellsUnheard = subscriptionCheck(logger);
  const parts: EngineParts = {
    clock,
    randomId: randomId ?? createRandomIds(),
    limits: { ...DEFAULT_LIMITS, ...limits },
    alerts: checkedAlerts(alerts, 'embedded'),
    logger,
    onFatal: onFatal ?? (() => {}),
    ...(keepEndedFor === undefined ? {} : { keepEndedMs: toMs(keepEndedFor, 'keepEndedFor') }),
    redact: createRedact(hides),
    ...(tracing ? { tracing: await openTracing() } : {}),
    onRegister: (definition, accepting, bindings) => {
      verifies(definition, accepting);
      tellsUnheard(definition, bindings, accepting);
    },
  };
  const onWarning = (text: string): void => logger.warn({}, text);
  const [openStore, { createEngine }, { assertRunsHere }] = await Promise.all([
    loadStore({ ...rest, database, onWarning }),
    import('./engine.ts'),
    import('../host/moves/whose-sagas.ts'),
  ]);
  // Last, so that whatever is refused leaves no lock, no thread and no file.
  const store = await openStore(() => clock.nowMs());
  await assertRunsHere(store);
  const target = readDatabase(database);
  if (target.kind === 'file') warnOfOpenFile(target.path, 'the database', logger);
  return heldWhileStarted(createEngine(store, parts));
}

/** Longest interval of Node; what it runs does nothing. */
const HOLD_EVERY_MS = 2 ** 31 - 1;

// A started engine keeps the process until it is stopped; one that was only opened does not.
function heldWhileStarted(engine: Backstep): Backstep {
  let hold: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearInterval(hold);
    hold = undefined;
  };
  return {
    ...engine,
    start: async () => {
      hold ??= setInterval(() => {}, HOLD_EVERY_MS);
      try {
        await engine.start();
      } catch (error) {
        release();
        throw error;
      }
    },
    stop: (options) => engine.stop(options).finally(release),
  };
}

const ID_BYTES = 16;
const POOL_BYTES = 4_096;

// A call for sixteen bytes costs as much as one for thousands: measured, 10 us of each start.
function createRandomIds(): () => Uint8Array {
  let pool = new Uint8Array(0);
  let used = 0;
  return () => {
    if (used >= pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += ID_BYTES;
    return pool.subarray(used - ID_BYTES, used);
  };
}
