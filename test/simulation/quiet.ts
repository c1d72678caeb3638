/**
 * Waiting until every promise is done, at hardly any cost.
 *
 * Node empties the queue of promises after each callback of `setImmediate`, but looks at sockets and
 * timers only once all callbacks that were due are through. So many are made due at once: a wait
 * costs one callback, not one turn of the event loop.
 */

/** Callbacks made due at once. */
const CALLBACKS = 256;

let due = 0;
let waiting: (() => void) | null = null;

/**
 * Resolves when all promises that can go on have gone on, and those they wake. One caller waits at
 * a time: a second one throws. What waits for a socket or a timer is not waited for.
 */
export function allQuiet(): Promise<void> {
  if (waiting !== null) throw new Error('somebody waits already');
  const quiet = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  if (due === 0) {
    due = CALLBACKS;
    for (let count = 0; count < CALLBACKS; count++) setImmediate(letOneGo);
  }
  return quiet;
}

function letOneGo(): void {
  due -= 1;
  const go = waiting;
  waiting = null;
  go?.();
}
