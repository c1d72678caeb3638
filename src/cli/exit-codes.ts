/**
 * What the exit codes of the `backstep` command mean. The one table: the help prints it, and every
 * error finds its code here.
 */
import { ClientError } from '../client.ts';
import { BackstepError } from '../core/errors.ts';

export const EXIT_WELL = 0;
/** Something was found, or the work could not be done. */
export const EXIT_FAILED = 1;
/** The command line asks for something that makes no sense. */
export const EXIT_USAGE = 2;
export const EXIT_NOT_FOUND = 3;
export const EXIT_REFUSED = 4;
const EXIT_NETWORK = 5;
const EXIT_NOT_ALLOWED = 6;

/** Each code with what it says. */
export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT_WELL, 'well'],
  [EXIT_FAILED, 'something was found, a saga needs a person, or the work failed'],
  [EXIT_USAGE, 'the command line, or a module, is wrong'],
  [EXIT_NOT_FOUND, 'there is no such saga, type or list, or none that matches'],
  [EXIT_REFUSED, 'refused: not legal now, a conflict, or an input that is not taken'],
  [EXIT_NETWORK, 'no answer, or not now: the server cannot be reached or takes no work'],
  [EXIT_NOT_ALLOWED, 'not allowed: the token is missing or wrong, or the server only shows'],
];

/** A command line that cannot be meant; its message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** As `--json` tells it. */
  readonly code = 'usage';
}

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof ClientError) return codeOfAnswer(error);
  if (error instanceof BackstepError) {
    if (error.code === 'not-found') return EXIT_NOT_FOUND;
    if (error.code === 'unavailable') return EXIT_NETWORK;
    return error.code === 'input-invalid' ? EXIT_USAGE : EXIT_FAILED;
  }
  return EXIT_FAILED;
}

function codeOfAnswer({ code, status }: ClientError): number {
  if (code === 'unreachable' || code === 'outcome-unknown') return EXIT_NETWORK;
  switch (status) {
    case null:
      return code === 'not-found' ? EXIT_NOT_FOUND : EXIT_USAGE;
    case 401:
    case 403:
    case 421:
      return EXIT_NOT_ALLOWED;
    case 404:
      return code === 'not-found' ? EXIT_NOT_FOUND : EXIT_FAILED;
    case 400:
    case 409:
    case 413:
    case 422:
      return EXIT_REFUSED;
    case 429:
    case 502:
    case 503:
    case 504:
      return EXIT_NETWORK;
    default:
      return EXIT_FAILED;
  }
}
