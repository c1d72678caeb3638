/**
 * How Restate is to treat the calls of Backstep's services. Each differs from a default that would
 * stop a saga for ever, or keep every call for a day.
 */
import type { ServiceOptions } from '@restatedev/restate-sdk';

const MINUTE_MS = 60_000;
/** Longer than any attempt: Restate cuts a call that is silent for longer, and makes it again. */
const LONGEST_ATTEMPT_MS = 24 * 60 * MINUTE_MS;

/** Of every service. */
export const CALL_OPTIONS: ServiceOptions = {
  // Otherwise the cancel of a call throws at its next await, and what it had to report is lost.
  explicitCancellation: true,
  inactivityTimeout: MINUTE_MS,
  abortTimeout: MINUTE_MS,
  // What a saga did is in its own journal.
  journalRetention: 0,
  // A caller that got no answer asks again with the same key; every call of the ingress is kept so.
  idempotencyRetention: 10 * MINUTE_MS,
  // After the default of 70 tries a call is paused, and its saga with it.
  retryPolicy: {
    initialInterval: 50,
    exponentiationFactor: 2,
    maxInterval: 2_000,
    maxAttempts: 2_000_000_000,
  },
};

/** Of attempts, which may be silent for as long as they run. */
export const ATTEMPT_OPTIONS: ServiceOptions = {
  ...CALL_OPTIONS,
  ingressPrivate: true,
  inactivityTimeout: LONGEST_ATTEMPT_MS,
  abortTimeout: LONGEST_ATTEMPT_MS,
};

/** Of services that believe what they are told: the ingress must not reach them. */
export const PRIVATE: ServiceOptions = { ...CALL_OPTIONS, ingressPrivate: true };
