/** What an engine is put together from, beside its store. */
import type { SagaDefinition } from '../core/define/definition.ts';
import { createRedact, type Redact } from '../core/secrets/redact.ts';
import type { CheckedAlerts } from '../host/alerts/alert-rules.ts';
import type { Clock } from '../host/clock.ts';
import type { Limits } from '../host/limits.ts';
import { shownLog } from '../host/shown-log.ts';
import type { Subscribed } from '../host/subscription-check.ts';
import type { Tracing } from '../host/telemetry/tracing.ts';
import type { Logger } from '../host/turn-log.ts';

/** Why a process can write no more: its storage failed, or another process took the database over. */
export type FatalCause = 'storage' | 'taken-over';

/** What an engine needs beside its store; see `BackstepOptions`. */
export interface EngineParts {
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly onFatal: (reason: string, cause: FatalCause) => void;
  /** How long ended sagas are kept; absent: for ever. */
  readonly keepEndedMs?: number;
  /** Default: none. */
  readonly alerts?: CheckedAlerts;
  /** Default: the default list. */
  readonly redact?: Redact;
  /** Looks at each definition first; what it throws refuses it. `accepting`: the engine is ready. */
  readonly onRegister?: (
    definition: SagaDefinition,
    accepting: Promise<void>,
    bindings: Subscribed,
  ) => void;
  /** Absent: nothing is traced. */
  readonly tracing?: Tracing;
}

/** Parts whose rule is set and whose logger follows it. */
export type ShownParts = EngineParts & { readonly redact: Redact };

/** The parts of an engine that hides secrets in all that it logs. */
export function withSecretsHidden(parts: EngineParts): ShownParts {
  const { redact = createRedact() } = parts;
  return { ...parts, redact, logger: shownLog(parts.logger, redact) };
}
