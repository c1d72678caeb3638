/** What keeps the sagas of one file from running twice, and from being lost. */
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finishMove, takeBackMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { noteDestination } from '../../../src/host/moves/move-file.ts';
import { checkVersions } from '../../../src/host/versions/version-check.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { connectTo, describeOnPostgres, postgresDatabase } from '../../postgres/databases.ts';
import { resultOf } from '../../runtime/upkeep/result-of.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { definitions, findingsIn, until } from './moving.ts';
import { parcelSaga, World } from './parcel-sagas.ts';

/** A database with two sagas that wait, which each test copies. */
const folder = mkdtempSync(join(tmpdir(), 'backstep-moves-'));
const prepared = join(folder, 'prepared.db');
let one: string;
let two: string;

beforeAll(async () => {
  const backstep = await openBackstep({ database: prepared });
  new World().register(backstep);
  await backstep.start();
  const input = { parcel: 'p', way: 'air' } as const;
  const ids: string[] = [];
  for (const key of ['one', 'two']) {
    const { id } = await backstep.spawn(parcelSaga, { input, key });
    await until(backstep, id, 'waiting');
    ids.push(id);
  }
  [one = '', two = ''] = ids;
  await backstep.stop({ within: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

function world() {
  const source = temporaryDatabase();
  copyFileSync(prepared, source);
  const beside = (name: string): string => join(dirname(source), name);
  const out = {
    database: source,
    sagas: 'all',
    to: beside('sagas.jsonl'),
    place: 'there',
  } as const;
  return { source, target: beside('target.db'), file: out.to, out, beside };
}

test('a file is for one database, and says which that was to whoever imports or takes it back', async () => {
  const { source, target, file, out, beside } = world();
  const into = (database: string, force = false) =>
    importSagas({ database, from: file, definitions, force });
  await exportSagas(out);
  expect(await into(target)).toMatchObject({ imported: 2, alreadyHere: 0 });
  await exportSagas(out); // written again, it knows it still
  const elsewhere = `it was imported into ${target} on `;
  const other = beside('other.db');
  await expect(into(other)).rejects.toThrow(elsewhere);
  const trial = importSagas({ database: other, from: file, definitions, dryRun: true });
  await expect(trial).rejects.toMatchObject({ code: 'conflict' });
  const back = { database: source, file };
  await expect(takeBackMove(back)).rejects.toThrow(elsewhere);
  // Nor where it was imported, which is not where its sagas came from.
  await expect(takeBackMove({ database: target, file })).rejects.toThrow('it knows no move');
  // Under another name a database knows what came to it.
  renameSync(target, `${target}.renamed`);
  expect(await into(`${target}.renamed`)).toMatchObject({ imported: 0, alreadyHere: 2 });
  // A person says that it is gone for good.
  expect(await into(other, true)).toMatchObject({ imported: 2 });
  expect(await into(other)).toMatchObject({ imported: 0, alreadyHere: 2 });
  expect(await takeBackMove({ ...back, force: true })).toMatchObject({ sagas: 2 });
});

describe('a trial of an import', () => {
  test('makes no database where there is none, and finds what an empty one would', async () => {
    const { source, target, file, out, beside } = world();
    await exportSagas(out);
    const into = (database: string) =>
      importSagas({ database, from: file, definitions, dryRun: true });
    const before = readdirSync(dirname(source));
    expect(await into(target)).toMatchObject({ imported: 2, alreadyHere: 0 });
    await expect(into(beside('no/such/target.db'))).rejects.toThrow('there is no folder');
    expect(readdirSync(dirname(source))).toEqual(before);
    // That it was tried is no import.
    expect(await importSagas({ database: target, from: file, definitions })).toMatchObject({
      imported: 2,
    });
    expect(await into(target)).toMatchObject({ imported: 0, alreadyHere: 2 });
  });

  describeOnPostgres('on a server', () => {
    test('makes no schema, and takes nothing out of one that is not there', async () => {
      const { file, out } = world();
      const { url } = await postgresDatabase();
      await exportSagas(out);
      const trial = { database: url, from: file, definitions, dryRun: true };
      expect(await importSagas(trial)).toMatchObject({ imported: 2, alreadyHere: 0 });
      const nothing = exportSagas({ ...out, database: url, to: `${file}.2` });
      await expect(nothing).rejects.toThrow('it has no tables of Backstep in that schema');
      const client = await connectTo(url);
      const { rows } = await client.query(
        "SELECT nspname FROM pg_namespace WHERE nspname = 'backstep'",
      );
      expect(rows).toEqual([]);
    });
  });
});

test('a killed import goes on where it began, though nothing has come there yet', async () => {
  const { target, file, out } = world();
  await exportSagas(out);
  const destination = { database: target, machine: hostname(), atMs: 0 };
  await noteDestination(file, destination);
  await noteDestination(file, { ...destination, machine: 'another' }); // which came too late
  const other = importSagas({ database: `${target}.other`, from: file, definitions });
  await expect(other).rejects.toThrow('would run twice');
  const came = await importSagas({ database: target, from: file, definitions });
  expect(came).toMatchObject({ imported: 2 });
});

test('a way back that was cut off goes on, and its file is imported nowhere meanwhile', async () => {
  const { source, target, file, out, beside } = world();
  const back = { database: source, file };
  const cutOffAt = (nth: number) =>
    takeBackMove({
      ...back,
      onProgress({ done }) {
        if (done === nth) throw new Error('the process dies');
      },
    });
  const into = () => importSagas({ database: target, from: file, definitions });
  await exportSagas(out);
  for (const nth of [0, 1]) {
    await expect(cutOffAt(nth)).rejects.toThrow('dies');
    await expect(into()).rejects.toThrow(`it was taken back into ${source} on `);
    await expect(finishMove(back)).rejects.toThrow('order that again with --back');
  }
  // As where it died before the file was gone.
  copyFileSync(file, beside('left.jsonl'));
  await takeBackMove(back);
  renameSync(beside('left.jsonl'), file);
  expect(await takeBackMove(back)).toMatchObject({ sagas: 0 });
  await expect(into()).rejects.toThrow('there is no such file');
  expect(await findingsIn(source)).toEqual([]);
});

test('a move that was taken back in part may go after all', async () => {
  const { source, target, file, out } = world();
  await exportSagas(out);
  const cutOff = takeBackMove({
    database: source,
    file,
    onProgress: () => {
      throw new Error('the process dies');
    },
  });
  await expect(cutOff).rejects.toThrow('dies');
  await exportSagas(out);
  expect(await importSagas({ database: target, from: file, definitions })).toMatchObject({
    imported: 2,
  });
});

test('a move is not closed over sagas that its file has not', async () => {
  const { source, target, file, out, beside } = world();
  await exportSagas({ ...out, sagas: { ids: [one] } });
  await importSagas({ database: target, from: file, definitions });
  // The same move goes on, and its new file is lost.
  await exportSagas({ ...out, sagas: { ids: [two] }, to: beside('lost.jsonl') });
  const why = `it lacks 1 that leave by this move, saga ${two} the first`;
  await expect(finishMove({ database: source, file })).rejects.toThrow(why);
  await exportSagas({ ...out, sagas: { ids: [two] } });
  const more = await importSagas({ database: target, from: file, definitions });
  expect(more).toMatchObject({ imported: 1, alreadyHere: 1 });
  expect(await finishMove({ database: source, file })).toMatchObject({ sagas: 2 });
  expect([await findingsIn(source), await findingsIn(target)]).toEqual([[], []]);
});

test('a check before a deployment tells those that leave apart', async () => {
  const { source, out } = world();
  await exportSagas({ ...out, sagas: { ids: [one] } });
  const check = checkVersions({ database: source }, definitions, new Map(), 0);
  expect(await resultOf(check)).toMatchObject({
    sagas: 2,
    parked: 0,
    leaving: 1,
    groups: [
      { outcome: 'leaves', examples: [one] },
      { outcome: 'goes-on', examples: [two] },
    ],
  });
});
