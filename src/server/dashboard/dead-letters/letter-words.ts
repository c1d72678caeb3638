/**
 * What a dead letter says, as text: why the saga was given up, and which steps are in which part.
 *
 * Pure. A letter is a row that somebody may have edited: what is not there is said to be missing.
 */
import type { DeadLetter } from '../../../store/read-models.ts';
import { isJsonObject } from '../../body.ts';

/** Each part is the names of its steps. */
export interface LetterWords {
  readonly error: string;
  readonly done: string;
  readonly maybe: string;
  readonly compensated: string;
  readonly outstanding: string;
}

/** The letter in words. */
export function letterInWords({ letter }: Pick<DeadLetter, 'letter'>): LetterWords {
  const stored: unknown = JSON.parse(letter);
  const content = isJsonObject(stored) ? stored : {};
  return {
    error: errorText(content['error']),
    done: namesOf(content['done']),
    maybe: namesOf(content['maybe']),
    compensated: namesOf(content['compensated']),
    outstanding: namesOf(content['outstanding']),
  };
}

function namesOf(value: unknown): string {
  const names = Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
  return names.length === 0 ? '–' : names.join(', ');
}

function errorText(error: unknown): string {
  if (!isJsonObject(error)) return 'No error was recorded.';
  return [error['code'], error['message']].filter((part) => typeof part === 'string').join(': ');
}
