/**
 * What pages and programs ask of alerts. Neither addresses nor secrets are in it.
 */
import type { DeliveryRecord } from '../../store/queries/alert-records.ts';
import type { Page, Paged } from '../../store/read-models.ts';
import type { AlertCondition } from './alert-options.ts';
import type { AlertCause } from './marker.ts';

/** A rule, for people. */
export interface AlertRuleInfo {
  readonly name: string;
  readonly when: AlertCondition;
  readonly to: readonly string[];
}

/** A target, for people. */
export interface AlertTargetInfo {
  readonly name: string;
  readonly kind: 'webhook' | 'function';
  /** Its host: the rest of an address may be secret. `null`: a function. */
  readonly address: string | null;
}

/** An incident, for people. Times in milliseconds since 1970. */
export interface AlertIncident {
  readonly id: string;
  readonly rule: string;
  readonly cause: AlertCause;
  readonly openedAtMs: number;
  readonly resolvedAtMs: number | null;
  readonly now: number;
  readonly total: number;
  readonly sagas: readonly string[];
  readonly error: string | null;
}

/** A message to one target, for people. */
export type AlertMessage = DeliveryRecord;

/** Where messages stand, as of the last look. */
export interface AlertFigures {
  /** Messages that wait to be sent, those that failed among them. */
  readonly waiting: number;
  /** Of these, those that were tried in vain. */
  readonly failing: number;
  /** Given up in the last day. */
  readonly givenUp: number;
}

/** Alerts, for whoever watches them. */
export interface Alerts {
  rules(): readonly AlertRuleInfo[];
  targets(): readonly AlertTargetInfo[];
  /** `null`: this process does not send any. */
  figures(): AlertFigures | null;
  /** Newest first; `isOpen`: only those that are not resolved, or that are. */
  incidents(page: Page, isOpen?: boolean): Promise<Paged<AlertIncident>>;
  /** Newest first. Settled ones are kept for thirty days. */
  deliveries(page: Page): Promise<Paged<AlertMessage>>;
  /**
   * Sends a message to a target that only shows that messages arrive; resolves with its id once it
   * is durable. Sent by the process that owns the database. Throws `not-found`, and `unavailable`
   * where no owner answers.
   */
  trial(target: string, by?: string): Promise<string>;
}
