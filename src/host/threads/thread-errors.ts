/** What an activity in a thread fails with, as if it had run here. */
import { PermanentError, toFailure, TransientError } from '../../core/failure.ts';
import type { ThreadAnswer } from './thread-words.ts';

/** The thread ended before the attempt answered: nobody knows what it has done. */
export class ThreadCrash extends Error {
  override readonly name = 'ThreadCrash';
  readonly code = 'thread-crashed';

  constructor(cause: unknown) {
    super(`the thread of the activity ended: ${toFailure(cause).message}`, { cause });
  }
}

/** The thrown value, with the name, message, code and own members that it had in the thread. */
export function thrownInThread({
  failure,
  thrown,
}: Extract<ThreadAnswer, { kind: 'failed' }>): unknown {
  if (thrown?.kind === 'value') return thrown.value;
  const message = thrown?.message ?? failure.message;
  const error = ofClass(failure, message);
  const { name = error.name, members = { code: failure.code } } = thrown ?? {};
  return Object.defineProperty(Object.assign(error, members), 'name', {
    value: name,
    configurable: true,
  });
}

function ofClass(
  { code, retryable, ambiguous }: Extract<ThreadAnswer, { kind: 'failed' }>['failure'],
  message: string,
): Error {
  if (!retryable) return new PermanentError(code, message);
  return ambiguous ? new Error(message) : new TransientError(code, message);
}
