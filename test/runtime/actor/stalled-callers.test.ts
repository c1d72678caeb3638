/** A disk that is full for long: whoever waits is told so, and what was kept is not lost. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store, StoreHealth } from '../../../src/store/store.ts';
import { EngineHarness } from '../engine-harness.ts';
import { recordedActivities, type TripActivities, tripSaga } from '../trip-saga.ts';

let engine: EngineHarness<TripActivities>;
let disk: FullDisk;

beforeEach(async () => {
  engine = new EngineHarness(tripSaga);
  disk = new FullDisk();
  await engine.open(recordedActivities().activities, { wrapStore: (store) => disk.wrap(store) });
});
afterEach(async () => {
  disk.makeRoom();
  await engine.dispose();
});

const start = () => engine.backstep.spawn('trip', { input: { trip: 't1' }, key: 't1' });

test('a start in the kept batch is answered in time, and is one saga with the next try', async () => {
  disk.fill();
  const asked = start();
  const answer = asked.then(
    () => 'accepted',
    (error: Error) => error.message,
  );
  await disk.hasBatch;
  disk.stallFor(4_999);
  expect(await Promise.race([answer, settled()])).toBe('still waiting');
  disk.stallFor(5_000);
  expect(await answer).toMatch(/outcome is not known yet; ask again with the same key/);
  await expect(asked).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 5_000 });

  disk.makeRoom();
  await engine.seen(({ status }) => status === 'completed');
  expect(await start()).toMatchObject({ isNew: false });
});

test('a command in the kept batch is answered in time as well', async () => {
  const { id } = await start();
  await engine.seen(({ status }) => status === 'completed');
  const other = await engine.backstep.spawn('trip', { input: { trip: 't2' }, delay: '1h' });
  disk.fill();
  const asked = engine.backstep.saga(other.id).command({ name: 'cancel' });
  await disk.hasBatch;
  disk.stallFor(6_000);
  await expect(asked).rejects.toMatchObject({ code: 'unavailable' });
  expect(await engine.backstep.saga(id).state()).toMatchObject({ status: 'completed' });
});

/** Everything that is ready by now has run. */
async function settled(): Promise<string> {
  await new Promise(setImmediate);
  return 'still waiting';
}

/** Holds commits back as a full disk does, over a real store. */
class FullDisk {
  readonly #batch = Promise.withResolvers<void>();
  readonly #room = Promise.withResolvers<void>();
  #isFull = false;
  #listener: (health: StoreHealth) => void = () => {};

  /** Resolves once something waits for room. */
  get hasBatch(): Promise<void> {
    return this.#batch.promise;
  }

  wrap(store: Store): Store {
    const commit: Store['commit'] = async (turn) => {
      if (this.#isFull) {
        this.#batch.resolve();
        await this.#room.promise;
      }
      return store.commit(turn);
    };
    const onHealth: Store['onHealth'] = (listener) => {
      this.#listener = listener;
      return () => {};
    };
    const changed: Partial<Store> = { commit, onHealth };
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  }

  fill(): void {
    this.#isFull = true;
  }

  /** Says that it has been full for so long. */
  stallFor(ms: number): void {
    const sinceMs = engine.clock.nowMs() - ms;
    this.#listener({ kind: 'stalled', reason: 'full', sinceMs });
  }

  makeRoom(): void {
    this.#isFull = false;
    this.#room.resolve();
  }
}
