/** The doctor: nothing to say of what the engine wrote, and a name for every kind of damage. */
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { type Diagnosis, examineDatabase, MAX_FINDINGS } from '../../../src/host/upkeep/doctor.ts';
import { DoctoredDatabase, type Situations } from './doctored-database.ts';
import { tripSaga } from '../trip-saga.ts';
import { resultOf } from './result-of.ts';

const database = new DoctoredDatabase();

beforeAll(() => database.fill());
afterAll(() => database.dispose());

function diagnose(
  path: string,
  definitions: readonly SagaDefinition[] = [tripSaga],
): Promise<Diagnosis> {
  return resultOf(examineDatabase({ database: path }, definitions));
}

/** `kind: message` of every finding after the damage, and the saga it is about. */
async function findingsAfter(...statements: readonly string[]) {
  const { findings } = await diagnose(database.damagedBy(...statements));
  return findings.map(({ kind, message, sagaId }) => [`${kind}: ${message}`, sagaId] as const);
}

/** The one number that a query gives. */
function asked(path: string, query: string): number {
  const db = new Database(path, { readonly: true });
  const answer = db.prepare<[], number>(query).pluck().get();
  db.close();
  return answer ?? 0;
}

const PAGE_SIZE_BYTES = 2048;

const one = (situation: keyof Situations): string => `id = '${database.ids[situation]}'`;
const sidOf = (situation: keyof Situations): string =>
  `(SELECT sid FROM sagas WHERE ${one(situation)})`;

describe('a database that only the engine wrote', () => {
  test('has nothing wrong with it, whatever its sagas are at', async () => {
    const path = database.damagedBy();
    expect(await diagnose(path)).toEqual({
      sagas: 6,
      examined: 6,
      turns: asked(path, 'SELECT count(*) FROM journal'),
      areFilesChecked: true,
      findings: [],
      moreFindings: 0,
      unknown: {},
    });
  });

  test('is examined saga by saga, telling how far it is', async () => {
    const work = examineDatabase({ database: database.damagedBy() }, [tripSaga]);
    expect((await work.next()).value).toEqual({ done: 1, total: 6, findings: 0 });
    expect((await work.next()).value).toEqual({ done: 2, total: 6, findings: 0 });
  });

  test('is not examined where nobody gives the definition, and that is said', async () => {
    const other = { ...tripSaga, id: 'other' };
    const { examined, unknown, findings } = await diagnose(database.damagedBy(), [other]);
    expect({ examined, unknown, findings }).toEqual({
      examined: 0,
      unknown: { 'trip@1': 6 },
      findings: [],
    });
  });

  test('has errors where its sagas in flight run under a version that is not given', async () => {
    const other = { ...tripSaga, version: 2 };
    const { unknown, findings } = await diagnose(database.damagedBy(), [other]);
    expect(unknown).toEqual({ 'trip@1': 6 });
    const message =
      'saga type "trip" version 1 is not registered; register it, or migrate the saga';
    const inFlight = ['given-up', 'retrying', 'running'] as const;
    expect(findings).toEqual(
      inFlight.map((each) => {
        const finding = { severity: 'error', kind: 'version', message } as const;
        return { ...finding, sagaId: database.ids[each] };
      }),
    );
  });

  test('gives one warning where the definition was edited under the same version', async () => {
    const { findings } = await diagnose(database.damagedBy(), [{ ...tripSaga, hash: 'another' }]);
    expect(findings).toMatchObject([{ severity: 'warning', kind: 'edited-definition' }]);
  });

  test('shows where the journal no longer holds in other code', async () => {
    const input = (): null => null;
    const other = defineSaga({
      id: 'trip',
      input: z.unknown(),
      activities: {} as Record<'hold' | 'release', (input: null) => unknown>,
    })
      .step('hold', { input, compensate: { activity: 'release', input } })
      .build();
    const { findings } = await diagnose(database.damagedBy(), [other]);
    expect(findings.filter(({ kind }) => kind === 'journal').length).toBeGreaterThan(3);
    expect(findings.find(({ sagaId }) => sagaId === database.ids.completed)?.message).toMatch(
      /^at record 2: xstate\.done\.actor\.hold: .* was .* and is now /,
    );
  });
});

describe('damage is named', () => {
  test('a snapshot that was changed without its checksum', async () => {
    const found = await findingsAfter(
      `UPDATE sagas SET state = replace(state, 't"', 'u"') WHERE ${one('running')}`,
    );
    expect(found).toEqual([
      [
        'checksum: its snapshot does not match its checksum: the text was changed or damaged',
        database.ids.running,
      ],
      ['snapshot: its snapshot is not what its journal gives', database.ids.running],
    ]);
  });

  test('a snapshot that was changed with its checksum', async () => {
    const path = database.damagedBy();
    const db = new Database(path);
    const { state } = db
      .prepare<[], { state: string }>(`SELECT state FROM sagas WHERE ${one('completed')}`)
      .get() ?? { state: '' };
    const forged = state.replace('"completed"', '"failed"');
    db.prepare(`UPDATE sagas SET state = ?, checksum = ? WHERE ${one('completed')}`).run(
      forged,
      crc32(forged),
    );
    db.close();
    const kinds = (await diagnose(path)).findings.map(({ kind }) => kind);
    expect(kinds).toContain('snapshot');
    expect(kinds).not.toContain('checksum');
  });

  test.each([
    ['status', "status = 'parked'", 'row: status is parked and should be running'],
    ['timer', 'wake_at = NULL', 'timer: wake_at is none and should be \\d+'],
    ['timer that is late', 'wake_at = wake_at + 5000', 'timer: wake_at is \\d+ and should be'],
    ['step', "step = 'hold'", 'row: step is hold and should be charge'],
    ['attempts', 'attempts = 7', 'row: attempts is 7 and should be 1'],
    ['error', 'error = NULL', 'row: error is none and should be busy: try again'],
    ['end', 'ended_at = 5', 'row: ended_at is 5 and should be none'],
  ])("a row with another %s than its turn's", async (_, change, says) => {
    const found = await findingsAfter(`UPDATE sagas SET ${change} WHERE ${one('retrying')}`);
    expect(found).toEqual([[expect.stringMatching(says), database.ids.retrying]]);
  });

  test.each([
    ['missing', 'DELETE FROM journal WHERE saga_seq = 2 AND sid =', 'record 2 is missing'],
    ['cut off', 'DELETE FROM journal WHERE saga_seq = 3 AND sid =', 'at turn 3 and its journal at'],
    ['not JSON', "UPDATE journal SET data = '{' WHERE saga_seq = 2 AND sid =", 'is not JSON'],
    [
      'of another state',
      "UPDATE journal SET to_state = 'x' WHERE saga_seq = 2 AND sid =",
      'to was',
    ],
  ])('a journal with a record %s', async (_, statement, says) => {
    const found = await findingsAfter(`${statement} ${sidOf('retrying')}`);
    expect(found).toEqual([[expect.stringContaining(says), database.ids.retrying]]);
  });

  test('a message that the saga did not send', async () => {
    expect(await findingsAfter(`UPDATE outbox SET data = '{}'`)).toEqual([
      [expect.stringMatching(/^message: .*not one that the saga has sent/), database.ids.completed],
    ]);
  });

  test.each([
    ['missing', 'DELETE FROM dead_letters', 'its dead letter (compensation_failed) is missing'],
    ['closed', 'UPDATE dead_letters SET resolved_at = 1', 'is missing'],
    ['of another kind', "UPDATE dead_letters SET kind = 'failed'", 'says failed and should say'],
    ['with another text', "UPDATE dead_letters SET letter = '{}'", 'does not list'],
  ])('a dead letter that is %s', async (_, statement, says) => {
    expect(await findingsAfter(statement)).toEqual([
      [expect.stringContaining(says), database.ids['given-up']],
    ]);
  });

  test('a dead letter of a saga that is well', async () => {
    const found = await findingsAfter(
      `INSERT INTO dead_letters (sid, kind, letter, opened_at)
       VALUES (${sidOf('completed')}, 'failed', '{}', 1)`,
    );
    expect(found).toEqual([
      ['dead-letter: a dead letter is open and nothing is given up', database.ids.completed],
    ]);
  });

  test('an audit that lacks an order, or knows one that was never given', async () => {
    expect(await findingsAfter("UPDATE audit SET by = 'eve'")).toEqual([
      ['audit: the audit lacks cancel by ada at record 3 (changed plans)', database.ids.cancelled],
      [
        'audit: the journal knows nothing of cancel by eve at record 3 (changed plans)',
        database.ids.cancelled,
      ],
    ]);
  });

  test.each([
    ['missing', "DELETE FROM start_keys WHERE key = 'running'", 'a second start would be'],
    ['of another saga', "UPDATE start_keys SET saga_id = 'x' WHERE key = 'running'", 'saga x'],
    ['of other input', "UPDATE start_keys SET input_hash = 'x' WHERE key = 'running'", 'hash of'],
  ])('a start key that is %s', async (_, statement, says) => {
    expect(await findingsAfter(statement)).toEqual([
      [expect.stringMatching(`^start-key: .*${says}`), database.ids.running],
    ]);
  });

  test('a projection that shows other steps', async () => {
    const found = await findingsAfter(
      'DROP VIEW saga_steps',
      `CREATE VIEW saga_steps AS SELECT sid, 0 AS position, 'x' AS step_name, 1 AS occurrence,
         'completed' AS status, 1 AS attempts FROM sagas WHERE ${one('running')}`,
    );
    expect(found).toHaveLength(6);
    expect(found).toContainEqual([
      expect.stringMatching(/^steps: saga_steps shows x#1 .* and should show hold#1 completed/),
      database.ids.running,
    ]);
  });

  test('rows that belong to no saga', async () => {
    const found = await findingsAfter(`DELETE FROM sagas WHERE ${one('completed')}`);
    expect(found).toEqual([
      ['orphan: 3 rows of journal belong to sagas that are not there', null],
      ['orphan: 1 rows of outbox belong to sagas that are not there', null],
    ]);
  });

  test('a page that was overwritten, and what could be read is examined all the same', async () => {
    const path = database.damagedBy();
    const page = asked(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'journal_by_saga'");
    const file = openSync(path, 'r+');
    writeSync(
      file,
      Buffer.alloc(PAGE_SIZE_BYTES, 7),
      0,
      PAGE_SIZE_BYTES,
      (page - 1) * PAGE_SIZE_BYTES,
    );
    closeSync(file);
    const { findings } = await diagnose(path);
    expect(findings[0]).toMatchObject({ severity: 'error', kind: 'file', sagaId: null });
    expect(findings.at(-1)?.message).toMatch(/^cannot be read on: .*restore it from a backup$/);
  });

  test('only so many times: the rest is counted', async () => {
    const path = database.damagedBy(
      'DELETE FROM audit',
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_FINDINGS + 5})
       INSERT INTO audit (sid, saga_seq, at, command, by, reason)
       SELECT ${sidOf('completed')}, i, 1, 'skip', 'eve', NULL FROM n`,
    );
    const { findings, moreFindings } = await diagnose(path);
    expect(findings).toHaveLength(MAX_FINDINGS);
    expect(moreFindings).toBe(6);
  });
});

describe('a file that cannot be examined is refused', () => {
  test('when it is not there', async () => {
    await expect(diagnose('nowhere.db')).rejects.toThrow('nowhere.db: there is no such file');
  });

  test('when it is of another program, or no database at all', async () => {
    const other = database.damagedBy('PRAGMA application_id = 7');
    await expect(diagnose(other)).rejects.toThrow('it is not a Backstep database');
    writeFileSync(other, 'not a database, but long enough to be looked at '.repeat(400));
    await expect(diagnose(other)).rejects.toThrow(/file is not a database|not a Backstep/);
  });

  test('when it was cut off', async () => {
    const path = database.damagedBy();
    truncateSync(path, 3 * PAGE_SIZE_BYTES);
    await expect(diagnose(path)).rejects.toThrow('malformed; restore it from a backup');
  });

  test('when its schema is another one', async () => {
    await expect(diagnose(database.damagedBy('DROP TABLE outbox'))).rejects.toThrow(
      'bring it up to date with `backstep migrate`',
    );
  });
});
