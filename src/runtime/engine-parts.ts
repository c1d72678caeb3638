/** What an engine is put together from, beside its store. */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Redact } from '../core/secrets/redact.ts';
import type { Clock } from './clock.ts';
import type { Limits } from './limits.ts';
import type { Subscribed } from './subscription-check.ts';
import type { Logger } from './turn-log.ts';

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
  /** Default: the default list. */
  readonly redact?: Redact;
  /** Looks at each definition first; what it throws refuses it. `accepting`: the engine is ready. */
  readonly onRegister?: (
    definition: SagaDefinition,
    accepting: Promise<void>,
    bindings: Subscribed,
  ) => void;
}
