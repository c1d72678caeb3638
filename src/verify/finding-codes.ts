/**
 * The kinds of findings, and what each may mean to a customer, in one sentence: whoever decides
 * whether it is mended need not know the machine.
 */

/** What is wrong, for programs. */
export type FindingCode =
  /** Nothing is live, nothing is accepted, and the saga has not ended. */
  | 'stuck'
  /** `compensation_failed` or `failed` without anything a person may do but terminate. */
  | 'no-operator-exit'
  /** A result or timer that the machine does not handle where it can arrive. */
  | 'unhandled-outcome'
  /** A guard, mapper, delay or assign throws. */
  | 'throws'
  /** A value that cannot be made up, so that what follows from it was not looked at. */
  | 'needs-example'
  /** A guard, mapper, delay or assign does not answer by what it is given alone. */
  | 'impure'
  /** Ends compensated with a step that happened, or may have. */
  | 'left-uncompensated'
  /** Ends compensated although a compensation failed. */
  | 'hidden-compensation-failure'
  /** Ends completed with a step that is not. */
  | 'completed-unfinished'
  | 'wrong-order'
  | 'double-compensation'
  | 'compensation-of-nothing'
  /** Two attempts of one step run at once. */
  | 'started-twice'
  | 'forward-while-compensating'
  /** Repeats for ever, by the clock: an error without a status that says so, else a warning. */
  | 'endless-retry'
  /** Repeats for ever without even a delay. */
  | 'busy-loop'
  | 'no-end-reachable'
  | 'unreachable-state'
  /** An option, condition or guarded transition that no explored value takes. */
  | 'never-taken'
  /** A time limit that another one around it always comes before. */
  | 'never-in-time'
  /** An event that is waited for and has no schema, where others have. */
  | 'undeclared-event'
  | 'no-compensation'
  /** An activity that never answers would hold the saga for ever. */
  | 'no-timeout'
  /** The ledger differs from what happened, or the like: a defect of Backstep itself. */
  | 'engine-defect'
  | 'too-many-states';

/** The sentence. `where`: the step, state or value that the finding is about. */
export function customerWords(code: FindingCode, where: string): string {
  return WORDS[code](where);
}

const WORDS: Readonly<Record<FindingCode, (where: string) => string>> = {
  stuck: (where) =>
    `A customer waits for ever: in ${where} nothing runs, and nothing can come that moves it on.`,
  'no-operator-exit': (where) =>
    `A customer whose case needs a person gets no help: in ${where} all that anyone can do is to ` +
    'terminate it.',
  'unhandled-outcome': (where) =>
    `A customer may wait for ever or be served wrongly: an answer that comes in ${where} is lost.`,
  throws: (where) =>
    `A customer's request stands still until a person looks at it: the saga's code throws in ` +
    `${where}.`,
  'needs-example': (where) =>
    `What a customer meets is not known as far as it depends on ${where}: no value was at hand.`,
  impure: (where) =>
    `A customer may be treated differently when the same turn is taken again, such as after a ` +
    `restart: ${where} does not depend on its data alone.`,
  'left-uncompensated': (where) =>
    `A customer keeps the effect of ${where} after the saga has ended, such as a charge that ` +
    'nobody gives back.',
  'hidden-compensation-failure': (where) =>
    `A customer is told that all is undone although undoing ${where} failed, and nobody looks ` +
    'after it.',
  'completed-unfinished': (where) =>
    `A customer is told that all is done although ${where} is not, or may not be.`,
  'wrong-order': (where) =>
    `A customer may be left with half an order: ${where} is undone before what was built on it.`,
  'double-compensation': (where) =>
    `A customer may have ${where} undone twice, such as two refunds for one charge.`,
  'compensation-of-nothing': (where) =>
    `A customer may have ${where} undone though it never ran, such as a refund without a charge.`,
  'started-twice': (where) =>
    `A customer may get ${where} twice at once, such as two charges for one order.`,
  'forward-while-compensating': (where) =>
    `A customer whose request is being undone gets ${where} all the same, such as a new charge ` +
    'during the refund.',
  'endless-retry': (where) =>
    `A customer waits without end and nobody is asked: ${where} repeats, and nothing ends it.`,
  'busy-loop': (where) =>
    `A customer waits without end while ${where} repeats as fast as the machine can.`,
  'no-end-reachable': (where) => `A customer's request never ends once it is in ${where}.`,
  'unreachable-state': (where) =>
    `What a customer meets in ${where} is not known: nothing that was explored leads there.`,
  'never-taken': (where) =>
    `What a customer meets behind ${where} is not known: no explored value goes that way.`,
  'never-in-time': (where) =>
    `A customer never gets what ${where} is for: another time limit always comes first.`,
  'undeclared-event': (where) =>
    `A customer's request may be moved on by an event that carries nonsense: nothing checks ` +
    `${where}.`,
  'no-compensation': (where) =>
    `A customer keeps the effect of ${where} when the saga fails later: nothing undoes it.`,
  'no-timeout': (where) =>
    `A customer waits for as long as ${where} does not answer: nothing limits the attempt.`,
  'engine-defect': (where) => `Backstep itself may treat a customer wrongly at ${where}.`,
  'too-many-states': (where) => `What a customer meets beyond ${where} is not known.`,
};
