/** What the engine's queries and writes are in PostgreSQL, as text, in a schema of any name. */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import { expect, test } from 'vitest';
import { createReadModels } from '../../src/store/queries/saga-queries.ts';
import { freezeWrites, outcomesWrite } from '../../src/store/queries/bulk-records.ts';
import { createRemovalReads, removalStatements } from '../../src/store/queries/removal.ts';
import { revokeWrites } from '../../src/store/queries/revoked-sessions.ts';
import type { EngineTables } from '../../src/store/schema.ts';
import { inSchema } from '../../src/store/table-names.ts';

const asked: string[] = [];
const postgres = new Kysely<EngineTables>({
  dialect: {
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  },
  log: ({ query }) => void asked.push(query.sql),
});
const db = inSchema('shop').inKysely(postgres);

/** Table names that stand without the schema. */
const BARE = /(?<!"shop"\.)"(?:sagas|journal|outbox|audit|start_keys|bulk_items|bulk_commands)"/;

async function textsOf(ask: () => Promise<unknown>): Promise<readonly string[]> {
  asked.length = 0;
  await ask();
  return [...asked];
}

test('lists take no index by name, and no letter case', async () => {
  const read = createReadModels(db);
  const filters = [
    {},
    { status: [] },
    { status: ['running', 'waiting'] as const },
    { text: 'O-1', step: 'pay' },
  ];
  for (const filter of filters) {
    const [text = ''] = await textsOf(() => read.listSagas(filter, { limit: 5, cursor: null }));
    expect(text).toContain('"shop"."sagas"');
    expect(text).not.toMatch(BARE);
    expect(text).not.toMatch(/INDEXED|[^I]LIKE|WHERE [01]\b|\?/);
  }
});

test('what stands in JSON is read although a NUL or half a pair is escaped in it', async () => {
  const [groups = ''] = await textsOf(() => createReadModels(db).deadLetterGroups());
  expect(groups).toContain(
    `regexp_replace("letter", '\\\\u(0000|d[89a-f][0-9a-f]{2})', '\\\\ufffd', 'g')::json ` +
      `#>> '{error,code}'`,
  );
  const [removable = ''] = await textsOf(() => createRemovalReads(db).removable(1, 5));
  expect(removable).toContain(`"shop"."sagas"."state"`);
  expect(removable).toContain(`#>> '{parent,sagaId}'`);
});

test('writes are numbered, qualified, and carry no NUL and no half of a pair', () => {
  const record = { id: 3, command: 'pause', by: 'ada', reason: null, filter: null, total: 1 };
  const item = { position: 0, sagaId: 's', outcome: 'failed', status: null } as const;
  const statements = [
    ...freezeWrites(db, { ...record, createdAtMs: 1 }, ['a\0\ud800']).flat(),
    outcomesWrite(db, 3, [{ ...item, detail: 'b\0\ud800' }]),
    ...removalStatements(db, [1, 2]),
    ...revokeWrites(db, { id: 's', untilMs: 1 }, 2),
  ];
  for (const { sql, parameters } of statements) {
    expect(sql).toMatch(/^(?:insert|update|delete)/i);
    expect(sql).toContain('"shop".');
    expect(sql).not.toMatch(BARE);
    expect(sql).not.toContain('?');
    expect(JSON.stringify(parameters)).not.toMatch(/u0000|ud800/);
  }
});
