/**
 * What the fault lab needs of the demo beside its rows: the port that the composition root fills.
 *
 * Must never know tables or participants. Invariant: nothing of it touches an order that the lab
 * did not place, the payment provider's process excepted.
 */

/** One order in the participants' books, whatever the saga says. */
export interface OrderBooks {
  /** Status of each reservation: `held`, `shipped`, `released`, `fenced`. */
  readonly reservations: readonly string[];
  /** Status of each charge in our own table: `completed` or `refunded`. */
  readonly charges: readonly string[];
  /** Status of each mail: `queued`, `sent`, `cancelled`. */
  readonly mails: readonly string[];
  /** `confirmed` or `reverted`; `null`: there is no order row. */
  readonly order: string | null;
  /** What the payment provider booked under the step's key; `null`: it does not answer. */
  readonly provider: 'nothing' | 'charged' | 'refunded' | null;
}

/** One try of a scenario. */
export interface LabRun {
  readonly scenario: string;
  readonly orderId: string;
  /** What the lab saw on the way and no book tells. */
  readonly note: string;
  readonly startedAtMs: number;
}

/** The payment provider as a process. */
export interface ProviderProcess {
  /** Never rejects. */
  isRunning(): Promise<boolean>;
  /** Gives the order; the process ends, or is ready, soon after. */
  stop(): void;
  start(): void;
}

export interface OrderLab {
  /** Faults by activity that meet calls for this order only. */
  breakOrder(orderId: string, faults: Readonly<Record<string, object>>): void;
  mendOrder(orderId: string): void;
  /** `sagaId`: the saga of the order. */
  books(orderId: string, sagaId: string): Promise<OrderBooks>;
  /** Records a try before its order is placed. */
  noteRun(run: LabRun): Promise<void>;
  /** Adds what was seen to a try. */
  noteSeen(orderId: string, note: string): Promise<void>;
  /** The newest try of each scenario. */
  latestRuns(): Promise<readonly LabRun[]>;
  /** How often the lab crashed the process since then. */
  crashesSince(timeMs: number): Promise<number>;
  /** Looks for expired reservations as if it were past their expiry. */
  sweepAfterExpiry(): Promise<void>;
  /** Sends the order's charge to the provider once more, as a network might; tells its answer. */
  chargeLate(orderId: string, sagaId: string): Promise<string>;
  /** `null`: the provider is not ours to stop. */
  readonly provider: ProviderProcess | null;
  /** Whether somebody starts the process again after a crash. */
  readonly isKept: boolean;
}

/** The scenario name under which a crash by hand is recorded. */
export const CRASH_RUN = 'crash';
