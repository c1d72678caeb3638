/**
 * What the payment provider's process reads from its environment.
 */
import { asPath, onOrOff, setting, wholeNumber } from '../../src/core/settings.ts';

const MAX_PORT = 65_535;

/** Whether it may be told to misbehave follows what the demo's server may. */
export const PROVIDER_SETTINGS = {
  BACKSTEP_READ_ONLY: onOrOff(false),
  BACKSTEP_FAULTS: onOrOff(true),
  PAYMENT_PROVIDER_PORT: wholeNumber(0, 0, MAX_PORT),
  PAYMENT_PROVIDER_DB: setting('data/payment-provider.db', 'the path of a file', asPath),
} as const;
