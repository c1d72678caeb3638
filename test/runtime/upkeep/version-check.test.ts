/** What a check before a deployment says of the sagas in flight in a database. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { checkVersions, type MigrationsOf } from '../../../src/host/versions/version-check.ts';
import { stay } from './redeployed.ts';
import { resultOf } from './result-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'backstep-check-'));
const database = join(folder, 'check.db');
const ids: string[] = [];
let backstep: Backstep;

/** Three that wait, one that is compensating and hangs, one that is over. */
beforeAll(async () => {
  backstep = await openBackstep({ database });
  const never = (): Promise<never> => new Promise(() => {});
  const well = (): null => null;
  backstep.register(stay(), { activities: { book: well, cancel: never, charge: well } });
  await backstep.start();
  for (let n = 0; n < 5; n++) {
    const { id } = await backstep.spawn('stay', { input: null });
    ids.push(id);
    while ((await backstep.saga(id).state())?.status !== 'waiting') await new Promise(setImmediate);
  }
  const [, , , turned = '', ended = ''] = ids;
  await backstep.saga(turned).send({ type: 'no' });
  await backstep.saga(ended).send({ type: 'ok' });
  await backstep.saga(ended).settled({ within: 10_000 });
});

afterAll(async () => {
  await backstep.stop({ within: 0 });
  rmSync(folder, { recursive: true, force: true });
});

function checked(
  definitions: readonly SagaDefinition[],
  migrations: MigrationsOf = new Map(),
  path = database,
) {
  return resultOf(checkVersions({ database: path }, definitions, migrations, 1_000_000));
}

const saying = (text: string): unknown => expect.stringContaining(text);
const second = stay({ version: 2 });
const renamed = stay({ version: 2, step: 'reserve' });
const group = { type: 'stay', version: 1, to: null, reason: null };

describe('every saga in flight', () => {
  test('goes on under what it runs under', async () => {
    const [a, b, c, turned] = ids;
    expect(await checked([stay()])).toEqual({
      sagas: 4,
      parked: 0,
      leaving: 0,
      groups: [{ ...group, outcome: 'goes-on', sagas: 4, examples: [a, b, c, turned] }],
    });
  });

  test('goes on under a drawing that was edited, where it can', async () => {
    expect(await checked([stay({ insure: 'after' })])).toMatchObject({
      parked: 0,
      groups: [{ outcome: 'edited', sagas: 4 }],
    });
  });

  test('migrates where it can, and stays on its version where that is there', async () => {
    const asItIs: MigrationsOf = new Map([[second, { 1: () => ({}) }]]);
    expect(await checked([second], asItIs)).toMatchObject({
      parked: 0,
      groups: [{ outcome: 'migrates', to: 2, sagas: 4 }],
    });
    const unmapped: MigrationsOf = new Map([[renamed, { 1: () => ({}) }]]);
    expect(await checked([stay(), renamed], unmapped)).toMatchObject({
      parked: 0,
      groups: [
        { outcome: 'goes-on', reason: saying('book is done'), sagas: 3 },
        { outcome: 'goes-on', reason: saying('book is being'), sagas: 1 },
      ],
    });
  });

  test.each([
    ['its version is gone', [second], 'saga type "stay" version 1 is not registered; '],
    ['its type is gone', [stay({ id: 'other' })], 'saga type "stay" is not registered; '],
  ])('would be parked where %s', async (_, definitions, reason) => {
    expect(await checked(definitions)).toMatchObject({
      sagas: 4,
      parked: 4,
      groups: [{ outcome: 'parked', reason: saying(reason), sagas: 4 }],
    });
  });

  test('would be parked where its state or step is gone, by reason, the most first', async () => {
    const { groups, parked } = await checked([stay({ step: 'reserve' })]);
    expect(parked).toBe(4);
    expect(groups.map(({ reason, sagas }) => [reason?.split(' and ')[0], sagas])).toEqual([
      ['book is done', 3],
      ['book is being compensated', 1],
    ]);
    expect(await checked([stay({ place: 'review' })])).toMatchObject({
      parked: 3,
      groups: [
        { outcome: 'parked', sagas: 3 },
        { outcome: 'edited', sagas: 1 },
      ],
    });
  });

  test('with a migration that throws another reason for each is told in a bounded number of groups', async () => {
    let thrown = 0;
    const failing: MigrationsOf = new Map([
      [
        second,
        {
          1: () => {
            throw new Error(`no ${(thrown += 1)}`);
          },
        },
      ],
    ]);
    const { groups } = await checked([second], failing);
    expect(groups.map(({ reason }) => reason)).toContain(
      'it cannot be taken from version 1 to 2: no 1',
    );
  });

  test('whose text is damaged would be parked, and the check goes on', async () => {
    const copy = join(folder, 'damaged.db');
    const db = new Database(database, { readonly: true });
    db.prepare('VACUUM INTO ?').run(copy);
    db.close();
    const other = new Database(copy);
    other.prepare(`UPDATE sagas SET state = 'x' || state WHERE id = ?`).run(ids[0]);
    other.close();
    expect(await checked([stay()], new Map(), copy)).toMatchObject({
      parked: 1,
      groups: [{ outcome: 'parked', reason: saying('damaged') }, { sagas: 3 }],
    });
  });
});

test('it is told saga by saga how far it is, and nothing in the file changes', async () => {
  const digest = () => createHash('sha256').update(readFileSync(database)).digest('hex');
  const before = digest();
  const work = checkVersions({ database }, [second], new Map(), 0);
  expect((await work.next()).value).toEqual({ done: 1, total: 4, parked: 1 });
  await work.return({ sagas: 0, parked: 0, leaving: 0, groups: [] });
  expect(digest()).toBe(before);
});

test('the engine does with each what the check has said', async () => {
  await backstep.stop({ within: 0 });
  const said = await checked([renamed], new Map([[renamed, { 1: () => ({}) }]]));
  backstep = await openBackstep({ database });
  const activities = { reserve: () => null, cancel: () => null, charge: () => null };
  backstep.register(renamed, { activities, migrate: { 1: () => ({}) } });
  await backstep.start();
  while ((await backstep.read.statusCounts()).parked < said.parked) await new Promise(setImmediate);
  const errors = (await backstep.read.summaries(ids)).map(({ error }) => error);
  for (const { reason, sagas } of said.groups) {
    expect(errors.filter((error) => error === `version-missing: ${reason}`)).toHaveLength(sagas);
  }
});

describe('the doctor', () => {
  const found = async (definitions: readonly SagaDefinition[], migrations?: MigrationsOf) => {
    const { findings } = await resultOf(examineDatabase({ database }, definitions, migrations));
    return findings.filter(({ kind }) => kind === 'version');
  };

  test('says the same of each saga in flight, as an error', async () => {
    const findings = await found([stay(), renamed]);
    expect(findings).toEqual([]);
    expect(await found([renamed])).toHaveLength(4);
    expect((await found([renamed]))[0]).toMatchObject({
      severity: 'error',
      sagaId: ids[0],
      message: 'saga type "stay" version 1 is not registered; register it, or migrate the saga',
    });
    expect(await found([second], new Map([[second, { 1: () => ({}) }]]))).toEqual([]);
  });

  test('says nothing of a type that no module given speaks of', async () => {
    expect(await found([stay({ id: 'other' })])).toEqual([]);
  });
});
