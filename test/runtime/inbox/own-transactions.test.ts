/** A program's own transaction over the same file, and the engine that takes what it asked for. */
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backstepInbox } from '../../../src/runtime/inbox/backstep-inbox.ts';
import { EngineHarness } from '../engine-harness.ts';
import { inboxOf, linesOf, notebookSaga, sagaIds } from './inbox-fixture.ts';

interface Own {
  orders: { id: string };
}

let engine: EngineHarness<object>;
let own: Kysely<Own>;

beforeEach(async () => {
  engine = new EngineHarness(notebookSaga, { onDisk: true });
  await engine.open({});
  const connection = new Database(engine.database, { timeout: 5_000 });
  own = new Kysely<Own>({ dialect: new SqliteDialect({ database: connection }) });
  connection.exec('CREATE TABLE orders (id TEXT PRIMARY KEY)');
});
afterEach(async () => {
  await own.destroy();
  await engine.dispose();
});

test('a start commits with the rows of the program, and is taken then', async () => {
  await own.transaction().execute(async (trx) => {
    await trx.insertInto('orders').values({ id: 'o-1' }).execute();
    await backstepInbox(trx).start(notebookSaga, { input: { name: 'o-1' }, key: 'o-1' });
  });
  const { sagaId } = await engine.seen(({ status }) => status === 'waiting');
  expect(await engine.backstep.read.saga(sagaId)).toMatchObject({ key: 'o-1' });
});

test('of a transaction that is rolled back nothing is taken', async () => {
  const rolledBack = own.transaction().execute(async (trx) => {
    await backstepInbox(trx).start(notebookSaga, { input: { name: 'never' } });
    throw new Error('no stock');
  });
  await expect(rolledBack).rejects.toThrow('no stock');
  await backstepInbox(own).start('notebook', { input: { name: 'after' } });
  await engine.seen(({ status }) => status === 'waiting');
  expect((await sagaIds(engine.backstep)).length).toBe(1);
});

test('events reach their saga in order, also those written while no engine ran', async () => {
  const { id } = await engine.backstep.spawn(notebookSaga, { input: { name: 'diary' } });
  await engine.stop();
  await own.transaction().execute(async (trx) => {
    const inbox = backstepInbox(trx);
    await inbox.send(id, { type: 'write', line: 'a' });
    await inbox.send(id, { type: 'write', line: 'b' }, { by: 'ada' });
  });
  await engine.open({});
  await backstepInbox(own).send(id, { type: 'write', line: 'c' }, { eventId: 'c' });
  await backstepInbox(own).send(id, { type: 'close' });
  await engine.seen(({ status }) => status === 'completed');
  expect(await linesOf(engine.backstep, id)).toEqual(['a', 'b', 'c']);
  expect(await inboxOf(engine.backstep)).toEqual({ waiting: 0, refused: [] });
});

test.each([
  ['an input that the schema refuses', { name: '' }, 'input-invalid'],
  ['an input that is no JSON', { name: 1n }, 'not-json'],
  ['an input that is too long', { name: 'x'.repeat(1_048_576) }, 'too-large'],
])('%s is refused before it is written', async (_, input, code) => {
  const asked = backstepInbox(own).start(notebookSaga, { input });
  await expect(asked).rejects.toMatchObject({ code });
  expect(await inboxOf(engine.backstep)).toEqual({ waiting: 0, refused: [] });
});

test('what the types do not reach is refused with the member that is wrong', async () => {
  const inbox = backstepInbox(own);
  await expect(inbox.start('', { input: null })).rejects.toMatchObject({ code: 'input-invalid' });
  await expect(inbox.start('notebook', { input: null, key: '' })).rejects.toThrow('key');
  await expect(inbox.send('id', { type: '' })).rejects.toThrow('type');
  await expect(inbox.send('id', { type: 'write' }, { by: 7 } as object)).rejects.toThrow('by');
  expect(() => backstepInbox(own, { prefix: 'x' } as object)).toThrow('prefix');
});
