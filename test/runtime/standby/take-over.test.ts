/** An engine over a database that another process owns: it reads, refuses, and waits its turn. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackstepError } from '../../../src/core/errors.ts';
import type { FatalCause } from '../../../src/runtime/engine-parts.ts';
import { createEngine } from '../../../src/runtime/engine.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import { memoryDatabases, type MemoryDatabase } from '../../../src/store/sqlite/memory-store.ts';
import type { Ownership, Store, StoreHealth } from '../../../src/store/store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { recordedActivities, tripSaga } from '../trip-saga.ts';

const STANDBY: StoreHealth = { kind: 'standby', owner: 'host-1', reason: 'host-1 owns it' };

let database: MemoryDatabase;
let store: Store;
let owned: PromiseWithResolvers<Ownership>;
let health: StoreHealth;
let engine: Backstep;
let closedClean: boolean | undefined;
let fatal: FatalCause[];

beforeEach(async () => {
  database = (await memoryDatabases())();
  store = database.open();
  owned = Promise.withResolvers();
  health = STANDBY;
  fatal = [];
  engine = createEngine(standby(store), {
    clock: new VirtualClock(),
    randomId: () => new Uint8Array(16),
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
    onFatal: (_, cause) => fatal.push(cause),
  });
  engine.register(tripSaga, { activities: recordedActivities().activities });
});
afterEach(() => database.close());

/** The store of a process that does not own the database until the test says so. */
function standby(real: Store): Store {
  return {
    ...real,
    own: () => owned.promise,
    health: () => health,
    outside: () => Promise.reject(new Error('the server is away')),
    close: (isClean) => {
      closedClean = isClean;
      owned.reject(new BackstepError('unavailable', 'the store is closed'));
      return real.close(isClean);
    },
  };
}

async function takeOver(): Promise<void> {
  health = { kind: 'ready' };
  owned.resolve(await store.own());
}

test('refuses starts that it cannot hand on, and answers what only reads', async () => {
  const starting = engine.start();
  expect(engine.health()).toEqual(STANDBY);
  await expect(engine.spawn('trip', { input: { trip: 't1' } })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('cannot be reached') as unknown,
  });
  expect(await engine.read.statusCounts()).toMatchObject({ running: 0 });
  await takeOver();
  await starting;
  expect(engine.health()).toEqual({ kind: 'ready' });
  expect((await engine.spawn('trip', { input: { trip: 't1' } })).isNew).toBe(true);
  await engine.stop();
});

test('goes on after the ids and the lines of the owner before', async () => {
  const found = { lastSid: 41, lastSeq: 0, wasLeftClean: false };
  const starting = engine.start();
  health = { kind: 'ready' };
  owned.resolve(found);
  await starting;
  const { id } = await engine.spawn('trip', { input: { trip: 't1' } });
  expect(await store.sidOf(id)).toBe(42);
  await engine.stop();
});

test('that loses the database again says so to its process, which is no fault of the storage', async () => {
  const starting = engine.start();
  await takeOver();
  await starting;
  database.open();
  await expect(engine.spawn('trip', { input: { trip: 't1' } })).rejects.toMatchObject({
    code: 'storage-failed',
  });
  expect(fatal).toEqual(['taken-over']);
});

test('that is stopped while it waits never starts, and leaves the mark of the owner', async () => {
  const starting = engine.start();
  const answer = starting.catch((error: unknown) => error);
  await engine.stop();
  expect(await answer).toMatchObject({ code: 'unavailable' });
  expect(closedClean).toBe(false);
  expect(engine.health().kind).not.toBe('ready');
});

test('that is stopped in the moment of its take-over does not start after all', async () => {
  const starting = engine.start();
  const answer = starting.catch((error: unknown) => error);
  await takeOver();
  const stopping = engine.stop();
  expect(await answer).toMatchObject({ code: 'unavailable' });
  await stopping;
  expect(engine.health()).toMatchObject({ kind: 'stopping' });
});
