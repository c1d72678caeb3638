/**
 * What the routes are given. Assembled once in `createApp`; routes hold nothing else.
 */
import type { Context } from 'hono';
import type { Backstep } from '../runtime/backstep.ts';
import type { Spawned, StartStatus } from '../runtime/saga-handle.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { redactText } from '../core/secrets/redact.ts';
import { isSettled } from '../core/status.ts';
import type { FaultControls } from '../demo/lab/fault-controls.ts';
import type { LiveClients } from './live/live-clients.ts';
import type { OrderDemo } from '../demo/order/order-demo.ts';
import type { ProviderWatch } from '../demo/lab/provider-watch.ts';
import type { ServicePanel } from './dashboard/services/service-panels.ts';
import type { ShownBulk } from './shown-backstep.ts';

/** The part of a pino logger that is used here. */
export interface HttpLogger {
  error(fields: object, message: string): void;
}

/** What `startServer` adds to each request. */
export interface ServerBindings {
  /** Aborted when the server closes, so that endless answers end. */
  readonly stopping?: AbortSignal;
  /** The request as Node knows it; not there in tests without a server. */
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } };
}

/** The environment of every Hono app here. */
export interface HttpEnv {
  Bindings: ServerBindings;
  Variables: {
    /** Who logged in, by their own words; empty when nobody did or said. */
    operator: string;
    /** Which client a bound is for; see `client-address.ts`. */
    client: string;
  };
}

export interface HttpContext {
  /** Tells everything with its secrets hidden. */
  readonly backstep: Backstep;
  readonly bulk: ShownBulk;
  readonly demo: OrderDemo | null;
  /** What participants show of themselves, beside those of the demo. */
  readonly services: readonly ServicePanel[];
  /** `null`: faults are switched off. */
  readonly faults: FaultControls | null;
  /** `null`: the payment provider is not ours to stop. */
  readonly provider: ProviderWatch | null;
  /** True: nothing can be changed from outside, so pages offer no orders to give. */
  readonly isReadOnly: boolean;
  /** True: people log in, and so can log out. */
  readonly hasLogin: boolean;
  /** Ends the process at once, as a crash would. */
  readonly crash: () => void;
  readonly clients: LiveClients;
  readonly logger: HttpLogger;
  readonly lostLogLines: () => number;
  readonly nowMs: () => number;
}

/** Whether the payment provider, which is ours to stop, is down: a fault like the injected ones. */
export async function isProviderStopped({
  provider,
}: Pick<HttpContext, 'provider'>): Promise<boolean> {
  return provider !== null && !(await provider.isRunning());
}

/** Whom the audit names for a command: who logged in, else who the request says, else `channel`. */
export function authorOf(c: Context<HttpEnv>, channel: string, said?: string | null): string {
  return c.var.operator || said || channel;
}

/**
 * The query of the request, as it stands in the URL but for secrets: pages repeat it, and what is
 * hidden must not be found by guessing how it begins.
 */
export function queryOf(c: Context): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of new URL(c.req.url).searchParams) {
    query.append(name, redactText(value));
  }
  return query;
}

/** The definition of a type: of the given version, else the newest. */
export function definitionOf(
  backstep: Pick<Backstep, 'definitions'>,
  type: string,
  version?: number,
): SagaDefinition | undefined {
  const versions = backstep.definitions().filter(({ id }) => id === type);
  return version === undefined
    ? versions.toSorted((one, other) => other.version - one.version)[0]
    : versions.find((definition) => definition.version === version);
}

/** What a start is answered with. */
export interface StartAnswer {
  readonly status: StartStatus;
  /** 200: it settled within the wait that was asked for, or long ago. */
  readonly code: 200 | 202;
  /** Of a saga of which only the start key is kept. */
  readonly removed: { readonly isRemoved?: true };
}

/** The present status, or the one after the wait that was asked for. */
export async function startAnswer(
  started: Pick<Spawned, 'status' | 'isRemoved' | 'settled'>,
  waitMs: number | null,
): Promise<StartAnswer> {
  const { status: given, isRemoved } = started;
  if (waitMs === null) {
    return { status: given, code: 202, removed: isRemoved ? { isRemoved } : {} };
  }
  const outcome = await started.settled({ within: waitMs });
  if (outcome.status === 'removed') {
    return { status: outcome.endedAs ?? 'removed', code: 200, removed: { isRemoved: true } };
  }
  return { status: outcome.status, code: isSettled(outcome.status) ? 200 : 202, removed: {} };
}
