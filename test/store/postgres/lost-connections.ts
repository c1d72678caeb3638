/** Batches whose connection is lost at a message of them, and what must have come of each. */
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import {
  type PostgresStoreDatabase,
  postgresStoreDatabase,
} from '../../postgres/postgres-store.ts';
import { type Direction, type Proxy, startProxy } from '../../postgres/proxy.ts';
import { startOf, turnOf } from '../saga-commits.ts';

export const WRITER = 'backstep-writer';
export const TIMINGS = { firstReconnectMs: 1, longestReconnectMs: 20 };
/** More than the messages of any batch here. */
const MAX_ROUNDS = 300;

type Write = (store: Store, round: number) => Promise<readonly unknown[]>;

export const committed = { kind: 'committed', seq: expect.any(Number) as number };
const put = (name: string, round: number) => ({
  sql: 'INSERT INTO items VALUES ($1, 1)',
  parameters: [`${name}-${round}`],
  expect: { changes: 1, code: 'Again', message: 'it is there' },
});
const missing = {
  sql: "UPDATE items SET amount = 0 WHERE name = 'nothing'",
  parameters: [],
  expect: { changes: 1, code: 'Missing', message: 'there is none' },
};

/** Batches on sagas that no other round has. */
const plain: Write = (store, round) => {
  const sid = 1_000 + round * 10;
  const outbox = [{ index: 0, event: 'told', data: '{}' }];
  const audit = { command: 'cancel', by: 'ann', reason: null };
  return Promise.all([
    store.commit(startOf(sid + 1, { outbox })),
    store.commit(startOf(sid + 2, { birth: { key: 'taken', inputHash: 'h' } })),
    store.commit(startOf(sid + 3, { birth: { key: `key-${round}`, inputHash: 'h' } })),
    store.commit(turnOf(round, 2, { audit, saga: { isStandingSame: true } })),
    store.acknowledge(round * 1_024).then(() => 'acknowledged'),
  ]);
};
const PLAIN = [
  committed,
  { kind: 'key-taken', sagaId: 'saga-000999', inputHash: 'h' },
  committed,
  committed,
  'acknowledged',
];

const withStatements: Write = (store, round) =>
  Promise.all([
    store.commit(startOf(1_000 + round * 10)),
    store.write([put('write', round)]),
    store.commit(turnOf(round, 2, { statements: [put('turn', round)] })),
    store.write([put('undone', round), missing]),
  ]);
const WITH_STATEMENTS = [
  committed,
  { kind: 'committed', changes: [1] },
  committed,
  { kind: 'unmet', code: 'Missing', message: 'there is none' },
];

/** Nothing in it leaves a line in the journal. */
const onlyWrites: Write = (store, round) =>
  Promise.all([store.write([put('write', round)]), store.write([put('other', round)])]);
const ONLY_WRITES = [
  { kind: 'committed', changes: [1] },
  { kind: 'committed', changes: [1] },
];

/** A store over a proxy, with sagas that every round takes a turn of. */
export async function prepared(): Promise<{
  database: PostgresStoreDatabase;
  proxy: Proxy;
  store: Store;
}> {
  const database = await postgresStoreDatabase();
  await database.exec('CREATE TABLE items (name text PRIMARY KEY, amount integer)');
  const proxy = await startProxy(database.tcpUrl);
  const store = database.open({ url: proxy.url, timings: TIMINGS });
  await store.own();
  const sids = Array.from({ length: MAX_ROUNDS }, (_, index) => index + 1);
  await Promise.all([
    ...sids.map((sid) => store.commit(startOf(sid))),
    store.commit(startOf(999, { birth: { key: 'taken', inputHash: 'h' } })),
  ]);
  return { database, proxy, store };
}

/** Every line has its number, and every saga its lines once. */
export async function expectGapless(database: PostgresStoreDatabase): Promise<void> {
  const rows = await database.query('SELECT seq, sid, saga_seq FROM backstep.journal ORDER BY seq');
  expect(rows.map(([seq]) => Number(seq))).toEqual(rows.map((_, index) => index + 1));
  const unlike = await database.query(
    `SELECT sid FROM backstep.sagas s
      WHERE seq <> (SELECT count(*) FROM backstep.journal j WHERE j.sid = s.sid)`,
  );
  expect(unlike).toEqual([]);
}

const TIMEOUT_MS = 90_000;

/** Cuts at the first message and at each `every` further ones, until a batch has none as late. */
export function triesCuts(every: number): void {
  test.each<[string, Direction, Write, readonly unknown[]]>([
    ['on its way to the server, with plain turns', 'to-server', plain, PLAIN],
    ['on its way back, with plain turns', 'to-client', plain, PLAIN],
    ['on its way to the server, with statements', 'to-server', withStatements, WITH_STATEMENTS],
    ['on its way back, with statements', 'to-client', withStatements, WITH_STATEMENTS],
    ['on its way back, with statements alone', 'to-client', onlyWrites, ONLY_WRITES],
  ])(
    'leaves nothing unknown, wherever it was %s',
    async (_, direction, write, expected) => {
      const { database, proxy, store } = await prepared();
      let rounds = 0;
      let message = 1;
      do {
        rounds += 1;
        proxy.cutAfter(message, direction, WRITER);
        expect(await write(store, rounds)).toEqual(expected);
        message += every;
      } while (proxy.hasCut && rounds < MAX_ROUNDS);
      expect(message).toBeGreaterThan(5);
      expect(proxy.hasCut).toBe(false);
      await expectGapless(database);
      const [[items]] = (await database.query(
        "SELECT count(*) FROM items WHERE name NOT LIKE 'undone%'",
      )) as [[string]];
      const perRound = write === plain ? 0 : 2;
      expect(Number(items)).toBe(rounds * perRound);
    },
    TIMEOUT_MS,
  );
}
