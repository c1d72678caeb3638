/** Activities of in-thread.test.ts, each an export. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { ActivityContext } from '../../../src/core/activity.ts';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';

interface InFolder {
  readonly folder: string;
}

// oxlint-disable-next-line no-default-export -- what is run where nothing else is named
export default function told(input: { text: string }, { key, step, attempt }: ActivityContext) {
  return { text: input.text.toUpperCase(), key, step, attempt, isMain: threadId === 0 };
}

/** Burns processor time until there is a file `go`. */
export function busy({ folder }: InFolder, { key }: ActivityContext) {
  writeFileSync(join(folder, `begun-${key.replaceAll('/', '-')}`), '');
  while (!existsSync(join(folder, 'go')));
  return { isDone: true };
}

/** Never ends by itself and hears nothing. */
export function deaf({ folder }: InFolder) {
  writeFileSync(join(folder, 'begun-deaf'), '');
  for (;;);
}

/** Heeds its signal. */
export async function polite({ folder }: InFolder, { signal, heartbeat }: ActivityContext) {
  heartbeat();
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  writeFileSync(join(folder, 'begun-polite'), '');
  await ended;
  writeFileSync(join(folder, 'heeded'), '');
}

export function crash(): never {
  process.exit(3);
}

/** Fails as its input says. */
export function fails({ how }: { how: string }): unknown {
  switch (how) {
    case 'permanent':
      throw new PermanentError('refused', 'not this card');
    case 'transient':
      throw new TransientError('busy', 'try again');
    case 'own':
      throw Object.assign(new RangeError('too far'), { code: 'E_FAR', status: 503 });
    case 'value':
      // oxlint-disable-next-line only-throw-error
      throw 'plain text';
    default:
      return { method: () => how };
  }
}
