/**
 * Rules of alerts from a file, for programs that are set up by their environment.
 *
 * Invariant: what is refused is told by its place in the file, never with what stands there.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BackstepError } from '../../core/errors.ts';
import type { AlertOptions } from './alert-options.ts';

/**
 * The alerts of a JSON file: `AlertOptions`, whose targets are webhooks. A target may name a
 * `secretFile` instead of its `secret`, beside the file unless it is a whole path. Throws
 * `input-invalid` for a file that cannot be read or is not JSON; what it says is checked where it is
 * given to.
 */
export async function readAlertsFile(path: string): Promise<AlertOptions> {
  const options = parsed(await textOf(path, 'the alerts'), path);
  const targets: unknown = Reflect.get(options, 'targets');
  if (targets === null || typeof targets !== 'object') return options as AlertOptions;
  const read = await Promise.all(
    Object.entries(targets).map(async ([name, target]: [string, unknown]) => {
      if (target === null || typeof target !== 'object' || !('secretFile' in target)) {
        return [name, target];
      }
      const { secretFile, ...rest } = target;
      if (typeof secretFile !== 'string' || 'secret' in rest) {
        throw invalid(`${path}: targets.${name}: give one of secret and secretFile`);
      }
      const file = resolve(dirname(path), secretFile);
      const secret = (await textOf(file, `the secret of target ${name}`)).trim();
      return [name, { ...rest, secret }];
    }),
  );
  return { ...options, targets: Object.fromEntries(read) as unknown } as AlertOptions;
}

async function textOf(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    throw invalid(`${what} cannot be read from ${path}: ${String(code)}`);
  }
}

function parsed(text: string, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`${path} is not JSON`); // the parser's message has some of the text in it
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  throw invalid(`${path} has no object with rules and targets`);
}

function invalid(message: string): BackstepError {
  return new BackstepError('input-invalid', message);
}
