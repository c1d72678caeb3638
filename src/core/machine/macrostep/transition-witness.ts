/**
 * Observes which transitions of the drawing a turn takes, the eventless ones among them. Snapshots
 * do not show them: a state that is entered and left within one turn is in none.
 *
 * For `verify` and the test kit; a running engine has no listener. Invariant: a listener is called
 * within its own `witnessing` alone, and never for another turn.
 */

type Hear = (transition: object) => void;

let hear: Hear | null = null;

/** Does the work and tells of every transition that it takes, as XState's own objects. */
export function witnessing<Result>(listener: Hear, work: () => Result): Result {
  const before = hear;
  hear = listener;
  try {
    return work();
  } finally {
    hear = before;
  }
}

/** Tells of transitions that are taken. */
export function tellTaken(transitions: readonly object[]): void {
  if (hear !== null) for (const each of transitions) hear(each);
}
