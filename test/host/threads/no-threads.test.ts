/** Activities in threads where the package that makes the threads is not there. */
import { expect, test, vi } from 'vitest';
import type { ActivityContext } from '../../../src/core/activity.ts';
import { inThread, threads, threadsOf } from '../../../src/host/threads/in-thread.ts';

vi.mock('piscina', () => {
  throw new Error('there is no such package');
});

test('an attempt fails for good, and the engine can be stopped all the same', async () => {
  const run = inThread(new URL('./thread-activities.ts', import.meta.url), { threads: threads(1) });
  const context = { signal: new AbortController().signal } as ActivityContext;
  await expect(run({}, context)).rejects.toMatchObject({ name: 'PermanentError' });
  await expect(threadsOf(run)?.end()).resolves.toBeUndefined();
});
