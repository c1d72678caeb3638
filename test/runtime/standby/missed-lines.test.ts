/** Whoever waits at a standby whose journal cannot be read at the take-over. */
import { expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../../src/runtime/engine.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import type { FeedEntry } from '../../../src/store/read-models.ts';
import { memoryDatabases, type MemoryStore } from '../../../src/store/sqlite/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { notebookSaga } from '../inbox/inbox-fixture.ts';
import { passing, turns } from './two-engines.ts';

/** Reads of a connection that is gone. */
interface Line {
  /** How many reads of the journal fail from now on. */
  journal: number;
  /** How many reads of one saga. */
  sagas: number;
}

function overLine(store: MemoryStore, line: Line): Store {
  const gone = (): Error => new Error('the connection ended');
  const isRead = (query: unknown): boolean => JSON.stringify(query).includes('"journal"');
  return {
    ...store,
    own: () => store.own(),
    health: () => store.health(),
    tables: () =>
      store.tables().withPlugin({
        transformQuery({ node }) {
          if (!isRead(node) || line.journal === 0) return node;
          line.journal -= 1;
          throw gone();
        },
        transformResult: async ({ result }) => result,
      }),
    loadBySid: async (sid) => {
      if (line.sagas === 0) return store.loadBySid(sid);
      line.sagas -= 1;
      throw gone();
    },
  };
}

/** `unread`: how many reads of the journal fail when the standby starts. */
async function opened(clock: VirtualClock, unread = 0) {
  const database = (await memoryDatabases())();
  onTestFinished(() => database.close());
  const line: Line = { journal: unread, sagas: 0 };
  const engineOver = (store: Store, number: number) => {
    let count = 0;
    const engine = createEngine(store, {
      clock,
      randomId: () => Uint8Array.of(number, ++count, ...new Uint8Array(14)),
      limits: DEFAULT_LIMITS,
      logger: silentLogger,
      onFatal: () => {},
    });
    engine.register(notebookSaga, { activities: {} });
    return engine;
  };
  const ownerStore = database.open();
  const owner = engineOver(ownerStore, 1);
  await owner.start();
  const standby = engineOver(overLine(database.openStandby(), line), 2);
  const fed: FeedEntry[] = [];
  standby.subscribe((entry) => fed.push(entry));
  const started = standby.start();
  started.catch(() => {}); // a test that ends while it waits
  return { line, owner, ownerStore, standby, started, fed };
}

/** A saga that waits, and a standby that follows it. */
async function waiting() {
  const clock = new VirtualClock();
  const both = await opened(clock);
  await turns();
  const { id } = await both.owner.spawn('notebook', { input: { name: 'diary' } });
  await turns();
  return { ...both, clock, saga: both.standby.saga(id), id };
}

test('what a standby asks for before it knows the end of the journal is fed to it', async () => {
  const clock = new VirtualClock();
  const { owner, standby, fed, line } = await opened(clock, 1);
  const { id } = await passing(clock, standby.spawn('notebook', { input: { name: 'diary' } }));
  await turns();
  expect(line.journal).toBe(0);
  expect(fed.map(({ seq, sagaId }) => [seq, sagaId])).toEqual([[1, id]]);
  await owner.stop();
});

test('one failed read at a take-over loses no line', async () => {
  const { clock, line, owner, ownerStore, standby, started, fed, saga, id } = await waiting();
  const settled = saga.settled();
  await turns();
  line.journal = 2; // the read on news, and the first of the take-over
  await owner.saga(id).send({ type: 'close' });
  ownerStore.kill();
  await passing(clock, started);
  expect(await settled).toMatchObject({ status: 'completed' });
  expect(fed.map(({ seq }) => seq)).toEqual([1, 2]);
  await standby.stop();
});

test('where the journal stays unreadable, whoever waits is told to look', async () => {
  const { clock, line, owner, ownerStore, started, fed, saga, id } = await waiting();
  const settled = saga.settled();
  const closed = saga.waitFor(({ seq }) => seq >= 2);
  await turns();
  line.journal = 6;
  await owner.saga(id).send({ type: 'close' });
  ownerStore.kill();
  await passing(clock, started);
  expect(await settled).toMatchObject({ status: 'completed' });
  expect((await closed)?.seq).toBe(2);
  expect(fed.map(({ seq }) => seq)).toEqual([1]);
});

test('where nothing can be read, whoever waits is told why', async () => {
  const { clock, line, owner, ownerStore, started, saga, id } = await waiting();
  const settled = saga.settled().catch((error: unknown) => error);
  const closed = saga.waitFor(({ seq }) => seq >= 2).catch((error: unknown) => error);
  await turns();
  line.journal = 6;
  line.sagas = Infinity;
  await owner.saga(id).send({ type: 'write', line: 'a' });
  ownerStore.kill();
  await passing(
    clock,
    started.catch(() => {}),
  );
  expect(await settled).toMatchObject({ message: 'the connection ended' });
  expect(await closed).toMatchObject({ message: 'the connection ended' });
});

test('a saga that cannot be read once, on its last turn, is looked at again', async () => {
  const { line, owner, saga, id } = await waiting();
  const closed = saga.waitFor(({ seq }) => seq >= 2);
  await turns();
  line.sagas = 1;
  await owner.saga(id).send({ type: 'close' });
  expect((await closed)?.seq).toBe(2);
});
