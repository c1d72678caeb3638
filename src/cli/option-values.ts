/**
 * The values of options, read: each gives what it stands for or says in one sentence what is wrong.
 */
import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/duration.ts';
import { SAGA_STATUSES, type SagaStatus } from '../core/status.ts';
import { UsageError } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** A text that is not empty. What looks like an option is one, and the value was forgotten. */
export function textValue(given: string): string {
  if (given === '' || given.startsWith('-')) throw new InvalidArgumentError('It needs a value.');
  return given;
}

/** A duration such as `10m`. */
export function durationValue(given: string): `${number}ms` {
  const ms = parseDuration(given);
  if (ms === null) throw new InvalidArgumentError('Give a duration such as 90s, 10m or 2h.');
  return `${ms}ms`;
}

/** A whole number from so many on. */
export function countValue(least: number): (given: string) => number {
  return (given) => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : NaN;
    if (number >= least) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least}.`);
  };
}

/** Statuses: given again, or joined with commas. */
export function statusValues(given: string, before: readonly SagaStatus[] = []): SagaStatus[] {
  const found = given.split(',').map((each) => {
    const status = SAGA_STATUSES.find((known) => known === each.trim());
    if (status !== undefined) return status;
    throw new InvalidArgumentError(`Give some of ${SAGA_STATUSES.join(', ')}.`);
  });
  return [...before, ...found];
}

/** A time as ISO 8601 text. */
export function timeValue(given: string): Date {
  const ms = /^\d{4}-\d\d-\d\dT/.test(given) ? Date.parse(given) : NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Give a time such as 2030-01-31T08:00:00Z.');
  return new Date(ms);
}

/** Given again: all of them. */
export function textValues(given: string, before: readonly string[] = []): string[] {
  return [...before, textValue(given)];
}

/** A value as a shell takes it for one argument. */
export function shellArgument(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** JSON as it is given, of a file as `@path`, or of the input as `-`. Throws `UsageError`. */
export async function jsonValue(
  given: string,
  option: string,
  terminal: Pick<Terminal, 'readInput'>,
): Promise<unknown> {
  const text =
    given === '-'
      ? await terminal.readInput()
      : given.startsWith('@')
        ? fileText(given.slice(1), option)
        : given;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const what = `${option} is no JSON; give JSON, @file, or - for the input`;
    throw new UsageError(what, { cause });
  }
}

/** A token from a file. Throws `UsageError`. */
export function tokenIn(path: string): string {
  return fileText(path, '--token-file').trim();
}

function fileText(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${option}: ${path} cannot be read`, { cause });
  }
}
