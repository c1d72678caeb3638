/** Opens Backstep over sagas that run on Restate, with the machine's clock and chance unless told. */
import { randomBytes } from 'node:crypto';
import { type Duration, toMs } from '../../core/duration.ts';
import { assertHttpUrl } from '../../core/http-url.ts';
import { createRedact, type HidesMember } from '../../core/secrets/redact.ts';
import type { Backstep } from '../../host/backstep.ts';
import { checkedEdges } from '../../host/checked-edges.ts';
import type { AlertOptions } from '../../host/alerts/alert-options.ts';
import { checkedAlerts } from '../../host/alerts/alert-rules.ts';
import { type Clock, systemClock } from '../../host/clock.ts';
import { registrationCheck, type VerifyAtRegistration } from '../../host/registration-check.ts';
import { shownLog } from '../../host/shown-log.ts';
import { subscriptionCheck } from '../../host/subscription-check.ts';
import { openTracing } from '../../host/telemetry/open-tracing.ts';
import { type Logger, silentLogger } from '../../host/turn-log.ts';
import { loadStore, type OpenStoreOptions } from '../../store/open-store.ts';
import { Admin } from './admin.ts';
import { type ListenAt, RestateEngine } from './restate-engine.ts';

export interface RestateOptions extends Omit<OpenStoreOptions, 'nowMs' | 'onWarning'> {
  /** Where Restate takes calls, such as `http://localhost:8080`. */
  readonly ingress: string;
  /** Its admin port, such as `http://localhost:9070`; nobody else should reach it. */
  readonly admin: string;
  readonly listen: ListenAt;
  /**
   * Public keys of the Restate servers that may bring turns to be written, as Restate logs them at its
   * start, such as `publickeyv1_...`. Default: anybody may.
   */
  readonly identityKeys?: readonly string[];
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: silence. */
  readonly logger?: Logger;
  /** Hides further members of what is shown and logged, by name. Default: the default list only. */
  readonly hides?: HidesMember;
  /** How long ended sagas are kept in the database. Default: for ever. */
  readonly keepEndedFor?: Duration;
  /** What somebody is to be told of, and who. Default: nothing. */
  readonly alerts?: AlertOptions;
  /** Default `warn`, in the log. */
  readonly verifyAtRegistration?: VerifyAtRegistration;
  /** True: starts and settled sagas are spans of OpenTelemetry; see `openBackstep`. Default false. */
  readonly tracing?: boolean;
}

const ID_BYTES = 16;

/**
 * Opens the face of sagas that workers run on Restate (`serveWorker`): starts, orders, lists, pages
 * and the feed, over a projection in the database given. It must know every version that the workers
 * know. Throws as `openBackstep` does for the database, and `input-invalid` for addresses that are none.
 */
export async function openRestateBackstep(options: RestateOptions): Promise<Backstep> {
  const { ingress, admin, listen, clock = systemClock, hides, keepEndedFor, ...rest } = options;
  const { verifyAtRegistration = 'warn', logger: given = silentLogger, ...others } = rest;
  const { alerts, identityKeys = [], tracing = false, ...ofStore } = others;
  const checked = checkedAlerts(alerts, 'restate');
  const redact = createRedact(hides);
  const logger = shownLog(given, redact);
  const verifies = registrationCheck(verifyAtRegistration, logger);
  const tellsUnheard = subscriptionCheck(logger);
  const traced = tracing ? { tracing: await openTracing() } : {};
  const kept =
    keepEndedFor === undefined ? {} : { keepEndedMs: toMs(keepEndedFor, 'keepEndedFor') };
  for (const url of [ingress, admin]) assertHttpUrl(url);
  const onWarning = (text: string): void => logger.warn({}, text);
  const openStore = await loadStore({ ...ofStore, onWarning });
  // Last, so that whatever is refused leaves no lock, no thread and no file.
  const store = await openStore(() => clock.nowMs());
  return checkedEdges(
    new RestateEngine({
      store,
      ingress,
      admin: new Admin(admin),
      listen,
      identityKeys,
      clock,
      randomId: () => randomBytes(ID_BYTES),
      logger,
      redact,
      ...traced,
      alerts: checked,
      ...kept,
      onRegister: (definition, accepting, bindings) => {
        verifies(definition, accepting);
        tellsUnheard(definition, bindings, accepting);
      },
    }),
  );
}
