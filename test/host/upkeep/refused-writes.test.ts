/** What becomes of upkeep whose writes the database refuses. */
import { expect, it, vi } from 'vitest';
import { markAsProjection } from '../../../src/host/moves/whose-sagas.ts';
import { type Logger, silentLogger } from '../../../src/host/turn-log.ts';
import { retentionOf } from '../../../src/host/upkeep/retention.ts';
import { memoryDatabases } from '../../../src/store/sqlite/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

async function refusing(): Promise<Store> {
  const store = (await memoryDatabases())().open();
  await store.own();
  return { ...store, write: async () => ({ kind: 'rejected', message: 'the disk is full' }) };
}

const full = 'the disk is full';

it('removal says that it could not remove anything, and tries again', async () => {
  const store = await refusing();
  const told = Promise.withResolvers<unknown>();
  const error = vi.fn<Logger['error']>((fields) => told.resolve(fields));
  const clock = new VirtualClock();
  const removable = async () => ({ sids: [1], next: null });
  const upkeep = { ...store.upkeep, removable };
  const removal = retentionOf({ ...store, upkeep }, clock, 1_000, { ...silentLogger, error });
  removal.start();
  clock.advance(0);
  expect(await told.promise).toMatchObject({
    err: { message: expect.stringContaining(full) as unknown },
  });
  removal.stop();
});

it('a person is told that a hold of removals does not end', async () => {
  const store = await refusing();
  const removalHold = async () => ({ heldMs: 5_000, newestAtMs: null });
  const upkeep = { ...store.upkeep, removalHold };
  const removal = retentionOf({ ...store, upkeep }, new VirtualClock(), 1_000, silentLogger);
  await expect(removal.resume('ada')).rejects.toThrow(full);
});

it('a database is not taken for one of Restate where that could not be kept', async () => {
  await expect(markAsProjection(await refusing(), 0)).rejects.toThrow(full);
});
