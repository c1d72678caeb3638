/**
 * The oracles by name, what they promise, and what they are given to look at.
 */
import type { Books } from './books.ts';
import type { Disk } from './disk.ts';
import type { SimSaga } from './sim-saga.ts';
import type { SimTime } from './sim-time.ts';
import type { StoredStates } from './stored-states.ts';

/** The oracles, and what each of them holds the engine to. */
export const ORACLES = {
  'intent-first': 'no participant is called before the intent is durable',
  'one-key': 'one step in one direction has one key, whatever happens',
  'version-step': "a saga's versions step by one",
  replay: 'replaying the journal through the core gives the stored state',
  'timer-early': 'no timer fires before its time',
  'timer-late': 'a due timer fires soon when nothing is in its way',
  'timer-kept': 'a timer keeps its due time',
  'late-is-note': 'a result that is not awaited makes no transition',
  'child-first': 'a child is over before its parent undoes it or what came before it',
  'child-outcome': 'what a parent is told of its child is what became of it',
  'no-orphan': 'a child that is left is told to end, and is over soon after its parent',
  'own-run': 'a compensation carries the key, the round and the answer of the run that it undoes',
  'undo-of-nothing': 'what only ever failed for certain is not compensated',
  'under-way': 'what is said to run has an attempt under way',
  'ledger-end': 'nobody ends with a step, or a child, owed, open or in doubt',
  'given-up': 'who gave up a compensation, or whose child did, is never compensated',
  'undo-order': 'compensation in reverse order of recorded start, one at a time',
  'single-charge': 'at most one charge of an order that is not refunded',
  stock: 'on hand, reserved and shipped add up to what there was',
  bank: "no account without its customer's file",
  money: 'charges minus refunds are the totals of completed orders',
  'all-or-nothing': 'an end is all done or all undone',
  'dead-letter': 'what still stands and was given up on is listed',
  'start-key': 'one start key is one saga, and another input a conflict',
  'answer-durable': 'nobody is told of what is not durable',
  'accepted-kept': 'what was accepted is never lost and never refused later',
  'event-once': 'an accepted event is durable before its answer, and taken at most once',
  'one-owner': 'a process that lost the database never writes to it',
  feed: 'the feed is in order, without a gap, and complete',
  'event-delivered': 'an emitted event reaches its subscriber',
  liveness: 'once faults stop everything comes to rest',
  repair: 'once faults stop a retry mends what was given up on',
} as const;

export type OracleName = keyof typeof ORACLES;

export interface Violation {
  readonly oracle: OracleName;
  readonly message: string;
}

export interface OracleScene {
  readonly disk: Disk;
  readonly worldBooks: Books;
  readonly time: SimTime;
  readonly saga: SimSaga;
  readonly states: StoredStates;
}
