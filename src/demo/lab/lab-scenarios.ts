/**
 * The scenarios of the fault lab: the faults of naive systems, each with what goes wrong, what is
 * done to one order, and what must come of it.
 *
 * Texts are for people who never heard of sagas. Faults meet the lab's own order only.
 */
import {
  answerIsHonest,
  type Check,
  compensatedInReverse,
  crashIsRecorded,
  customerPaidNothing,
  customerPaidOnce,
  deadLetterIsOpen,
  endsAs,
  expiryReleasesStock,
  failureIsRecorded,
  isTriedAgain,
  lateChargeIsRefused,
  mailWasCancelled,
  moneyIsStillTaken,
  neverForwardAgain,
  noMailWasSent,
  oneMail,
  stockIsBack,
} from './lab-checks.ts';

/** What the lab does to the order beside its faults. */
export type LabAct =
  /** Ends the process that runs the step, while it does. */
  | { readonly kind: 'crash'; readonly during: string }
  /** Cancels the saga while the step runs or waits to be tried again. */
  | { readonly kind: 'cancel'; readonly during: string }
  /** Cancels, and when all is refunded the charge arrives after all. */
  | { readonly kind: 'cancel-then-charge'; readonly during: string }
  /** Ends the saga without compensating, then looks for expired reservations. */
  | { readonly kind: 'terminate-then-sweep'; readonly during: string };

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** What a naive system does. */
  readonly trap: string;
  /** What is done here, and what one sees. */
  readonly plan: string;
  readonly faults: Readonly<Record<string, object>>;
  readonly act?: LabAct;
  readonly checks: readonly Check[];
}

const ALWAYS = { failureRate: 1 };
const FOR_GOOD = { failureRate: 1, mode: 'permanent' };
const HANGS = { failureRate: 1, mode: 'hang' };
/** Slow enough to be watched. */
const SLOWLY = { latencyMs: 400 };

/** The faults of order-processing systems that grew without a plan, one scenario each. */
export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'compensation-fails',
    title: 'The refund itself fails',
    trap: 'Many systems log the failed refund and still call the order “cancelled”.',
    plan: 'The last step fails, and then the refund fails too.',
    faults: { updateOrder: FOR_GOOD, refundPayment: FOR_GOOD },
    checks: [endsAs('compensation_failed'), deadLetterIsOpen, moneyIsStillTaken, noMailWasSent],
  },
  {
    id: 'failing-step',
    title: 'The card is declined',
    trap: 'The step that failed leaves no trace, so nobody can say what happened.',
    plan: 'The payment is declined for good. The stock that was reserved goes back.',
    faults: { processPayment: FOR_GOOD },
    checks: [
      endsAs('compensated'),
      failureIsRecorded('processPayment'),
      stockIsBack,
      customerPaidNothing,
    ],
  },
  {
    id: 'effect-before-failure',
    title: 'It worked, but the answer is lost',
    trap: 'The mail is queued, the step then reports a failure, and nobody takes the mail back.',
    plan: 'Every answer of the mail step is lost. All attempts are used up, then it turns back.',
    faults: { sendConfirmation: { failureRate: 1, mode: 'applied-then-lost' } },
    checks: [endsAs('compensated'), noMailWasSent, customerPaidNothing, stockIsBack],
  },
  {
    id: 'charged-twice',
    title: 'Charged twice?',
    trap: 'The money is taken, the answer is lost, the program tries again: two charges.',
    plan: 'The first answer of the payment is lost. The second attempt carries the same key.',
    faults: { processPayment: { failNext: 1, mode: 'applied-then-lost' } },
    checks: [endsAs('completed'), isTriedAgain('processPayment', 2), customerPaidOnce, oneMail],
  },
  {
    id: 'process-dies',
    title: 'The process dies',
    trap: 'A crash leaves the order “running” for ever, with the money taken or not.',
    plan: 'While the payment runs, the process that runs it is ended at once and started again.',
    faults: { processPayment: { latencyMs: 1_500 } },
    act: { kind: 'crash', during: 'processPayment' },
    checks: [endsAs('completed'), crashIsRecorded, customerPaidOnce],
  },
  {
    id: 'reservation-expires',
    title: 'Stock reserved for nobody',
    trap: 'A reservation outlives its order, and the goods can never be sold again.',
    plan: 'The order is stopped without compensating. Then we look at the stock 31 minutes later.',
    faults: { processPayment: HANGS },
    act: { kind: 'terminate-then-sweep', during: 'processPayment' },
    checks: [endsAs('terminated'), expiryReleasesStock, stockIsBack],
  },
  {
    id: 'mail-too-early',
    title: 'The mail that cannot be unsent',
    trap: 'The mail goes out before the order is final. A sent mail cannot be compensated.',
    plan: 'The last step fails. The mail only waited in a queue, so cancelling it means something.',
    faults: { updateOrder: FOR_GOOD },
    checks: [endsAs('compensated'), mailWasCancelled, customerPaidNothing],
  },
  {
    id: 'no-order',
    title: 'Everything undone at once',
    trap: 'All compensations start together and trip over each other.',
    plan: 'The last step fails. Each compensation is slowed down so that you can watch the order.',
    faults: {
      updateOrder: FOR_GOOD,
      cancelConfirmation: SLOWLY,
      refundPayment: SLOWLY,
      releaseInventory: SLOWLY,
    },
    checks: [endsAs('compensated'), compensatedInReverse, stockIsBack, customerPaidNothing],
  },
  {
    id: 'honest-answer',
    title: '“Success” that was none',
    trap: 'The caller is told success: true although the order failed.',
    plan: 'The payment is declined. We look at what the caller is told.',
    faults: { processPayment: FOR_GOOD },
    checks: [endsAs('compensated'), answerIsHonest],
  },
  {
    id: 'retry-while-compensating',
    title: 'Forward and back at the same time',
    trap: 'A retry timer fires and charges the card while the order is being cancelled.',
    plan: 'The payment fails and waits for its next attempt. Just then the order is cancelled.',
    faults: { processPayment: { ...ALWAYS, mode: 'error' } },
    act: { kind: 'cancel', during: 'processPayment' },
    checks: [endsAs('compensated'), neverForwardAgain, customerPaidNothing, stockIsBack],
  },
  {
    id: 'late-charge',
    title: 'The charge that comes after its refund',
    trap: 'A charge is stuck in the network, gets refunded, then arrives: money gone.',
    plan: 'The payment hangs, the order is cancelled and refunded. Then the charge arrives.',
    faults: { processPayment: HANGS },
    act: { kind: 'cancel-then-charge', during: 'processPayment' },
    checks: [endsAs('compensated'), lateChargeIsRefused, customerPaidNothing, stockIsBack],
  },
  {
    id: 'payment-down',
    title: 'The payment service is down',
    trap: 'Orders pile up or fail with half of their work done.',
    plan: 'Every attempt to pay fails. After the last one the stock goes back.',
    faults: { processPayment: ALWAYS },
    checks: [endsAs('compensated'), customerPaidNothing, stockIsBack, noMailWasSent],
  },
  {
    id: 'flaky-notification',
    title: 'The mail service is flaky',
    trap: 'One hiccup of a minor service loses the whole order.',
    plan: 'The mail step fails twice and works the third time.',
    faults: { sendConfirmation: { failNext: 2 } },
    checks: [endsAs('completed'), isTriedAgain('sendConfirmation', 3), customerPaidOnce, oneMail],
  },
];

/** A scenario by its name. */
export function scenarioOf(id: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.id === id);
}
