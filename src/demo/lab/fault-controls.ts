/**
 * The demo's injected faults as the HTTP layer sees them, and the presets of the page.
 *
 * Must never decide what a setting means: the registry behind the port checks and applies it.
 */

/** The faults of one activity and what they did so far. */
export interface ActiveFault {
  readonly activity: string;
  /** How many of the next calls fail. */
  readonly failNext: number;
  /** Share of the other calls that fails, 0 to 1. */
  readonly failureRate: number;
  readonly latencyMs: number;
  readonly mode: string;
  /** Calls since it was set, and how many of them were made to fail. */
  readonly calls: number;
  readonly hits: number;
}

/** The registry of faults. */
export interface FaultControls {
  /** Replaces the faults of one activity. Throws `not-found` and `input-invalid`. */
  set(activity: string, settings: unknown): ActiveFault;
  /** Makes rates repeat from here. Throws `input-invalid`. */
  reseed(seed: unknown): void;
  /** Ends the faults of one activity, or all. */
  clear(activity?: string): void;
  list(): readonly ActiveFault[];
}

/** A named set of faults; choosing it replaces whatever was set before. */
export interface FaultPreset {
  readonly id: string;
  readonly label: string;
  /** What one will see. */
  readonly hint: string;
  readonly faults: Readonly<Record<string, object>>;
}

/** What the page offers, mildest first. */
export const FAULT_PRESETS: readonly FaultPreset[] = [
  {
    id: 'flaky-notification',
    label: 'Flaky notification',
    hint: 'The mail step fails twice, then works: a retry is enough.',
    faults: { sendConfirmation: { failNext: 2 } },
  },
  {
    id: 'payment-down',
    label: 'Payment down',
    hint: 'Every attempt to pay fails; after the last one the stock is released.',
    faults: { processPayment: { failureRate: 1, mode: 'error' } },
  },
  {
    id: 'payment-declined',
    label: 'Payment declined',
    hint: 'The payment fails for good; the stock is released.',
    faults: { processPayment: { failureRate: 1, mode: 'permanent' } },
  },
  {
    id: 'last-step-fails',
    label: 'Last step fails',
    hint: 'Everything before it is compensated, in reverse order.',
    faults: { updateOrder: { failureRate: 1, mode: 'permanent' } },
  },
  {
    id: 'refund-fails-too',
    label: 'Refund fails too',
    hint: 'The compensation itself fails: a dead letter waits for a person.',
    faults: {
      updateOrder: { failureRate: 1, mode: 'permanent' },
      refundPayment: { failureRate: 1, mode: 'permanent' },
    },
  },
  {
    id: 'payment-hangs',
    label: 'Payment hangs',
    hint: 'The next two calls never answer; the time-out and a retry carry on.',
    faults: { processPayment: { failNext: 2, mode: 'hang' } },
  },
  {
    id: 'answer-lost',
    label: 'Answer lost',
    hint: 'The money is taken but the answer is lost; the retry must not charge twice.',
    faults: { processPayment: { failNext: 1, mode: 'applied-then-lost' } },
  },
];

/** Every way to fail that the page offers, in words. */
export const FAULT_MODES: readonly { readonly id: string; readonly label: string }[] = [
  { id: 'error', label: 'transient error' },
  { id: 'permanent', label: 'permanent error' },
  { id: 'hang', label: 'never answers' },
  { id: 'applied-then-lost', label: 'effect happens, answer is lost' },
];
