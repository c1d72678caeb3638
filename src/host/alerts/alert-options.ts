/**
 * What a program says about alerts: rules, and whom they are sent to.
 *
 * Names are what is kept: an incident belongs to the rule of its name, a message to the target of
 * its name, over restarts and deployments.
 */
import type { Duration } from '../../core/duration.ts';
import {
  DURATION,
  FUNCTION,
  type Kind,
  kindOf,
  listOf,
  mapOf,
  NAME,
  oneOf,
  optionsOf,
  required,
  TEXT,
  whole,
} from '../../core/options-reader.ts';
import { isHttpUrl } from '../../core/http-url.ts';
import { shown } from '../../core/shown.ts';
import { SAGA_STATUSES, type SagaStatus } from '../../core/status.ts';

/** What is watched for. */
export type AlertCondition =
  /** A dead letter is open. One incident for each saga type, status and error code. */
  | { readonly kind: 'dead-letter'; readonly type?: string }
  /**
   * So many attempts of a step, or of its compensation, failed or timed out within that time. One
   * incident for each saga type and step.
   */
  | {
      readonly kind: 'step-failures';
      readonly count: number;
      /** From 1s to 24h. */
      readonly within: Duration;
      readonly type?: string;
      readonly step?: string;
    }
  /** A saga has one status for that long. One incident for each saga type. */
  | {
      readonly kind: 'saga-age';
      readonly status: SagaStatus;
      readonly olderThan: Duration;
      readonly type?: string;
    }
  /**
   * A saga is in one state of its machine for that long, such as `approval` or `forward.approval`:
   * whole names as they stand in its path. One incident for each saga type.
   */
  | {
      readonly kind: 'saga-age';
      readonly state: string;
      readonly olderThan: Duration;
      readonly type?: string;
    }
  /**
   * The first in line waits that long: starts of a bounded type for a place, rows of the inbox, or
   * what sagas emitted or tell each other. Only `starts` on Restate. One incident for each line.
   */
  | {
      readonly kind: 'queue-age';
      readonly queue: 'starts' | 'inbox' | 'messages';
      readonly olderThan: Duration;
      /** Of starts. */
      readonly type?: string;
    }
  /** Sagas cannot go on under what is registered. One incident for each version. */
  | { readonly kind: 'version-missing'; readonly type?: string }
  /**
   * Nothing can be written for that long. It is told from memory, since it cannot be written down
   * either: a process that ends meanwhile tells nobody that it is over.
   */
  | { readonly kind: 'store-stalled'; readonly longerThan: Duration }
  /** Restate does not answer, or cannot run attempts, for that long. Only on Restate. */
  | { readonly kind: 'host-unreachable'; readonly longerThan: Duration };

/** What is watched for, and who is told. */
export interface AlertRule {
  /** Unique among the rules, and kept: another name is another rule. */
  readonly name: string;
  readonly when: AlertCondition;
  /** Names of targets. Default: all. */
  readonly to?: readonly string[];
}

/** What an alert says; the body of its webhook. Times in ISO 8601. */
export interface Alert {
  readonly type: 'alert.opened' | 'alert.grown' | 'alert.resolved' | 'alert.trial';
  readonly timestamp: string;
  readonly data: {
    readonly rule: string | null;
    readonly condition: AlertCondition['kind'] | null;
    /** The same in all messages about one incident. */
    readonly incident: string | null;
    /** In one sentence. */
    readonly summary: string;
    /** What the incident is about, such as `{ type: 'order', code: 'declined' }`. */
    readonly cause: Readonly<Record<string, string>>;
    /** Sagas, or attempts, that stand so now, and all that did in this incident. */
    readonly now: number;
    readonly total: number;
    readonly since: string | null;
    /** Ids of some of the sagas, the newest last. */
    readonly sagas: readonly string[];
    /** `code: message` of the newest, where there is one. */
    readonly error: string | null;
    /** What people call the process that found it, where it has a name. */
    readonly label: string | null;
  };
}

/** How an alert is handed over. */
export interface AlertDelivery {
  /** The same whenever this message is handed over again; what to tell doubles by. */
  readonly id: string;
  /** Aborted when it takes too long, or the engine stops. */
  readonly signal: AbortSignal;
}

/** Gets an alert at least once; a throw is tried again. */
export type AlertFunction = (alert: Alert, delivery: AlertDelivery) => Promise<void> | void;

/** An address that alerts are sent to by POST, signed as Standard Webhooks says. */
export interface AlertWebhook {
  /** `http:` or `https:`. A name and password in it are sent as Basic authorization. */
  readonly url: string;
  /**
   * `whsec_` and 24 to 64 bytes in Base64, as of `openssl rand -base64 32`. Several, the newest
   * first, while a secret is replaced: each signs.
   */
  readonly secret: string | readonly string[];
  /** How long one try may take, from 100ms to 1m. Default 10s. */
  readonly timeout?: Duration;
}

/** Who is told. */
export type AlertTarget = AlertWebhook | AlertFunction;

/** Alerts of an engine. Every process over a database gives the same. */
export interface AlertOptions {
  readonly rules: readonly AlertRule[];
  /** By name. */
  readonly targets: Readonly<Record<string, AlertTarget>>;
  /**
   * How long the first message about an incident waits for more of the same, so that it has their
   * number; at most 1h. Default 5s.
   */
  readonly gather?: Duration;
}

const SECRET_WANTS = '"whsec_" and 24 to 64 bytes in Base64, as of: openssl rand -base64 32';
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** The bytes of a secret; `null`: it is none. */
export function secretBytes(secret: string): Buffer | null {
  const text = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  if (text === undefined) return null;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : null;
}

/** Never shows what was given: it may be a secret with a letter too many. */
function closedKind(takes: string, isIt: (value: unknown) => boolean): Kind {
  const what = `is not usable; give ${takes}`;
  return { takes, faultOf: (value) => (isIt(value) ? null : { path: '', what }) };
}

const isSecret = (value: unknown): boolean =>
  typeof value === 'string' && secretBytes(value) !== null;
const SECRETS = closedKind(SECRET_WANTS, (value) =>
  Array.isArray(value) ? value.length > 0 && value.every(isSecret) : isSecret(value),
);
const ADDRESS = closedKind(
  'an http: or https: URL',
  (value) => typeof value === 'string' && isHttpUrl(value),
);

/** A webhook as it is given, or as a file has it. */
const WEBHOOK = optionsOf({
  url: required(ADDRESS),
  secret: required(SECRETS),
  timeout: DURATION,
});

const TARGET: Kind = {
  takes: 'a function, or an object with url and secret',
  faultOf: (value) => {
    if (typeof value === 'function') return FUNCTION.faultOf(value);
    if (value !== null && typeof value === 'object') return WEBHOOK.faultOf(value);
    return { path: '', what: `is not usable; give ${TARGET.takes}` };
  },
};

const TYPE = { type: NAME };
const CONDITIONS: Readonly<Record<AlertCondition['kind'], Kind>> = {
  'dead-letter': optionsOf({ kind: TEXT, ...TYPE }),
  'step-failures': optionsOf({
    kind: TEXT,
    ...TYPE,
    step: NAME,
    count: required(whole(1, 1_000_000)),
    within: required(DURATION),
  }),
  'saga-age': optionsOf({
    kind: TEXT,
    ...TYPE,
    status: oneOf(SAGA_STATUSES),
    state: NAME,
    olderThan: required(DURATION),
  }),
  'queue-age': optionsOf({
    kind: TEXT,
    ...TYPE,
    queue: required(oneOf(['starts', 'inbox', 'messages'])),
    olderThan: required(DURATION),
  }),
  'version-missing': optionsOf({ kind: TEXT, ...TYPE }),
  'store-stalled': optionsOf({ kind: TEXT, longerThan: required(DURATION) }),
  'host-unreachable': optionsOf({ kind: TEXT, longerThan: required(DURATION) }),
};

const CONDITION_KIND = oneOf(Object.keys(CONDITIONS));

const CONDITION: Kind = {
  takes: 'a condition such as { kind: "dead-letter" }',
  faultOf: (value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return { path: '', what: `is ${shown(value)}; give ${CONDITION.takes}` };
    }
    const kind: unknown = Reflect.get(value, 'kind');
    const fault = CONDITION_KIND.faultOf(kind);
    if (fault !== null) return { ...fault, path: 'kind' };
    return CONDITIONS[kind as AlertCondition['kind']].faultOf(value);
  },
};

const RULE_NAME = kindOf(
  'a text of 1 to 100 letters, digits and . _ -',
  (value) => typeof value === 'string' && /^[\w.-]{1,100}$/.test(value),
);

/** The shape of `AlertOptions`; what it says is checked by `rulesOf`. */
export const ALERT_OPTIONS = optionsOf({
  rules: required(
    listOf(
      optionsOf({
        name: required(RULE_NAME),
        when: required(CONDITION),
        to: listOf(NAME, 'names of targets'),
      }),
      'rules',
    ),
  ),
  targets: required(mapOf(TARGET, 'targets by name')),
  gather: DURATION,
});
