/** Sagas in flight that are moved to another database, and go on there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { BackstepError } from '../../../src/core/errors.ts';
import { finishMove, takeBackMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { connect, temporaryDatabase } from '../../store/store-fixture.ts';
import {
  definitions,
  engine,
  findingsIn,
  inEverySituation,
  label,
  moveTo,
  until,
} from './moving.ts';
import { legSaga, parcelSaga, roundSaga, World } from './parcel-sagas.ts';

test('every situation goes on elsewhere as after a restart, and is closed where it was', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const file = join(dirname(source), 'sagas.jsonl');
  const before = new World();
  const old = await engine(source, before);
  const sagas = await inEverySituation(old, before);
  await old.stop({ within: 0 });

  const moved = await moveTo(source, target, file);
  // The one that has ended stays; so does its message.
  const { shipped: _, leg, ...others } = sagas;
  const wanted = [leg, ...Object.values(others).map(({ id }) => id)].toSorted();
  expect(moved.sagas.map(({ id }) => id).toSorted()).toEqual(wanted);
  expect(await findingsIn(source)).toEqual([]);
  expect(await findingsIn(target)).toEqual([]);

  const after = new World();
  const there = await engine(target, after);
  const { read } = there;
  expect(await read.saga(sagas.paused.id)).toMatchObject({ status: 'paused', key: 'paused' });
  expect(await read.saga(sagas.failed.id)).toMatchObject({ status: 'compensation_failed' });
  expect((await read.deadLetters({ limit: 9, cursor: null })).items).toMatchObject([
    { sagaId: sagas.failed.id, kind: 'compensation_failed' },
  ]);
  expect((await read.pendingStart(sagas.scheduled.id))?.startAtMs).toBeGreaterThan(Date.now());
  expect(await read.audit(sagas.paused.id)).toMatchObject([{ command: 'pause', by: 'ada' }]);
  await until(there, sagas.hanging.id, 'waiting');
  const { items } = await read.transitions(sagas.hanging.id, { limit: 9, cursor: null });
  const cutOff = items.find(({ cause }) => cause === 'interrupted');
  expect(cutOff?.data).toContain('the process before was stopped in good order');
  const key = `${sagas.hanging.id}/pick/forward/1`;
  expect([before.effects.get(key), after.effects.get(key)]).toEqual([1, 1]);
  const again = await there.spawn(parcelSaga, {
    input: { parcel: 'waiting', way: 'air' },
    key: 'waiting',
  });
  expect(again).toMatchObject({ id: sagas.waiting.id, isNew: false });
  await there.saga(sagas.paused.id).command({ name: 'resume' });
  for (const { id } of [sagas.waiting, sagas.paused, sagas.hanging]) {
    await there.saga(id).send(label);
    expect(await there.saga(id).settled()).toMatchObject({ status: 'completed' });
  }
  await there.saga(sagas.leg).send({ type: 'arrived' });
  expect(await there.saga(sagas.round.id).settled()).toMatchObject({ status: 'completed' });
  await there.saga(sagas.failed.id).command({ name: 'retry' });
  expect(await there.saga(sagas.failed.id).settled()).toMatchObject({ status: 'compensated' });
  expect(after.effects.get(`${sagas.waiting.id}/pick/forward/1`)).toBeUndefined();
  await there.stop({ within: 0 });
  expect(await findingsIn(target)).toEqual([]);
});

test('what left takes nothing more where it was, and says where it went', async () => {
  const source = temporaryDatabase();
  const file = join(dirname(source), 'sagas.jsonl');
  const world = new World();
  const old = await engine(source, world);
  const options = { input: { parcel: 'p', way: 'air' }, key: 'p' };
  const { id } = await old.spawn(parcelSaga, options);
  await until(old, id, 'waiting');
  await old.stop({ within: 0 });
  const asked = { database: source, to: file, place: 'the other town' };
  const { move } = await exportSagas({ ...asked, sagas: { ids: [id] }, by: 'ada' });

  const during = await engine(source, world);
  const soon = { code: 'unavailable', retryAfterMs: 30_000 };
  await expect(during.saga(id).send(label)).rejects.toMatchObject(soon);
  const order = during.saga(id).command({ name: 'terminate' });
  await expect(order).rejects.toMatchObject({ code: 'not-legal' });
  const again = during.spawn(parcelSaga, options);
  await expect(again).rejects.toThrow('which is on its way to the other town');
  // What people end holds up no list of commands.
  const bulk = { command: 'retry', by: 'ada', reason: null, sagas: { ids: [id] } } as const;
  const { id: list } = await during.bulk.freeze(bulk);
  await during.bulk.start(list);
  await vi.waitFor(async () => {
    expect((await during.bulk.find(list)).counts).toMatchObject({ refused: 1, pending: 0 });
  });
  const state = await during.saga(id).state();
  expect(state === null ? null : during.legalCommands(state)).toEqual([]);
  await during.stop({ within: 0 });
  expect(await findingsIn(source)).toEqual([]);
  expect(await finishMove({ database: source, file, by: 'ada' })).toEqual({ move, sagas: 1 });
  expect(await finishMove({ database: source, file })).toEqual({ move, sagas: 0 });

  const after = await engine(source, world);
  const there = `to the other town, by move ${move}; ask there`;
  await expect(after.saga(id).send(label)).rejects.toThrow(`saga ${id} was moved ${there}`);
  await expect(after.spawn(parcelSaga, options)).rejects.toThrow(
    `its key started saga ${id}, which was moved ${there}`,
  );
  const other = { input: { parcel: 'q', way: 'air' }, key: 'p' };
  await expect(after.spawn(parcelSaga, other)).rejects.toThrow('with another input');
  expect(await after.read.audit(id)).toMatchObject([
    { command: 'move leave', by: 'ada' },
    { command: 'move gone', by: 'ada' },
  ]);
  expect((await after.read.deadLetters({ limit: 9, cursor: null })).items).toEqual([]);
  expect(await after.read.saga(id)).toMatchObject({ status: 'terminated' });
});

test('a move that is not to be is taken back, and everything goes on', async () => {
  const source = temporaryDatabase();
  const file = join(dirname(source), 'sagas.jsonl');
  const world = new World();
  const old = await engine(source, world);
  const sagas = await inEverySituation(old, world);
  await old.stop({ within: 0 });
  await exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  await takeBackMove({ database: source, file, by: 'ada', reason: 'not today' });
  expect(await findingsIn(source)).toEqual([]);
  world.trouble.clear();
  const again = await engine(source, world);
  expect(await again.read.saga(sagas.paused.id)).toMatchObject({ status: 'paused' });
  expect(await again.read.pendingStart(sagas.scheduled.id)).not.toBeNull();
  await again.saga(sagas.leg).send({ type: 'arrived' });
  await again.saga(sagas.waiting.id).send(label);
  for (const { id } of [sagas.waiting, sagas.round]) {
    expect(await again.saga(id).settled()).toMatchObject({ status: 'completed' });
  }
  await again.saga(sagas.failed.id).command({ name: 'retry' });
  expect(await again.saga(sagas.failed.id).settled()).toMatchObject({ status: 'compensated' });
  await again.stop({ within: 0 });
  expect(await findingsIn(source)).toEqual([]);
});

test('a message that was heard and not acknowledged comes under the same key, and once more', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const file = join(dirname(source), 'sagas.jsonl');
  const world = new World();
  const old = await engine(source, world);
  const { id } = await old.spawn(roundSaga, { input: { parcel: 'p', way: 'sea' } });
  await until(old, `${id}.leg.1`, 'waiting');
  await old.stop({ within: 0 });
  // As a process leaves it that was killed after a receiver had the message and before that was known.
  const db = connect(source);
  const seq = db
    .prepare('SELECT max(j.seq) FROM journal j JOIN sagas s ON s.sid = j.sid WHERE s.id = ?')
    .pluck()
    .get(id);
  db.prepare(
    `INSERT INTO outbox (id, sid, saga_seq, position, event, data)
     SELECT ?, sid, seq, 0, 'parcel.shipped', '{"type":"parcel.shipped"}' FROM sagas WHERE id = ?`,
  ).run(Number(seq) * 1024 + 7, id);
  db.close();
  await exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  const during = await engine(source, world);
  expect(during.figures()).toMatchObject({ unheardEvents: 0 });
  await during.stop({ within: 0 });
  await importSagas({ database: target, from: file, definitions });
  await finishMove({ database: source, file });
  expect(connect(source).prepare('SELECT count(*) FROM outbox').pluck().get()).toBe(0);
  const [message] = connect(target).prepare('SELECT id, known_as FROM outbox').all();
  expect(message).toMatchObject({ known_as: Number(seq) * 1024 + 7 });
  const ids = connect(target).prepare('SELECT min(seq) FROM journal').pluck();
  expect(ids.get()).toBeGreaterThan(Number(seq));
});

test('an import is refused whole where something of it cannot run or has no place', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const file = join(dirname(source), 'sagas.jsonl');
  const world = new World();
  const old = await engine(source, world);
  const { id } = await old.spawn(parcelSaga, { input: { parcel: 'p', way: 'air' }, key: 'p' });
  await until(old, id, 'waiting');
  const inUse = exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  await expect(inUse).rejects.toThrow('owns this database');
  await old.stop({ within: 0 });
  const nobody = exportSagas({ database: source, sagas: { ids: ['x'] }, to: file, place: 'there' });
  await expect(nobody).rejects.toThrow('no saga with id "x"; nothing was moved');
  const elsewhere = join(dirname(source), 'nowhere', 'sagas.jsonl');
  const noFolder = exportSagas({ database: source, sagas: 'all', to: elsewhere, place: 'there' });
  await expect(noFolder).rejects.toThrow('its folder cannot be written');
  const trial = { database: source, sagas: 'all', to: file, place: 'there', dryRun: true } as const;
  // None of them has begun to leave for the mistake.
  expect(await exportSagas(trial)).toMatchObject({
    move: null,
    sagas: [{ id, status: 'waiting' }],
  });
  await exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });

  const into = (database: string, given = definitions) =>
    importSagas({ database, from: file, definitions: given }).catch((error: BackstepError) => [
      error.code,
      error.message,
    ]);
  expect(await into(target, [legSaga])).toEqual([
    'version-missing',
    expect.stringContaining(`nothing was imported: saga ${id}: `),
  ]);
  expect(await into(source)).toEqual([
    'conflict',
    expect.stringContaining(`saga ${id}: this is the database that it leaves`),
  ]);
  const other = await engine(target, new World());
  const taken = await other.spawn(parcelSaga, { input: { parcel: 'p', way: 'air' }, key: 'p' });
  await other.stop({ within: 0 });
  expect(await into(target)).toEqual([
    'conflict',
    expect.stringContaining(`its start key "p" started saga ${taken.id} here`),
  ]);
  const text = readFileSync(file, 'utf8');
  const damages: readonly (readonly [string, string])[] = [
    ['', 'it is empty'],
    [text.slice(0, -40), 'a line of it is no JSON'],
    [`${text.split('\n').slice(0, -2).join('\n')}\n`, 'its end is missing'],
    [text.replace('"parcel":"p"', '"parcel":"q"').replaceAll('\\"p\\"', '\\"q\\"'), 'as it was'],
    [`${text}{}\n`, 'it goes on after its end'],
    ['{"format":"backstep-sagas/9"}\n', 'this version reads backstep-sagas/1'],
    ['{"a":1}\n', 'it is no file that `backstep export --move` wrote'],
  ];
  for (const [damaged, why] of damages) {
    writeFileSync(file, damaged);
    expect(await into(join(dirname(source), 'new.db'))).toEqual([
      'input-invalid',
      expect.stringContaining(why),
    ]);
  }
});

test('a saga comes back to where it was, and an old file of it brings nothing', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const [there, back] = ['there', 'back'].map((name) => join(dirname(source), `${name}.jsonl`));
  const world = new World();
  const old = await engine(source, world);
  const { id } = await old.spawn(parcelSaga, { input: { parcel: 'p', way: 'air' }, key: 'p' });
  await until(old, id, 'waiting');
  await old.stop({ within: 0 });
  await moveTo(source, target, there ?? '');
  await moveTo(target, source, back ?? '');
  const stale = importSagas({ database: source, from: there ?? '', definitions });
  await expect(stale).rejects.toThrow('it came back here since');
  expect(await importSagas({ database: target, from: there ?? '', definitions })).toMatchObject({
    imported: 0,
    alreadyHere: 1,
  });
  const again = await engine(source, world);
  await again.saga(id).send(label);
  expect(await again.saga(id).settled()).toMatchObject({ status: 'completed' });
  await again.stop({ within: 0 });
  expect([await findingsIn(source), await findingsIn(target)]).toEqual([[], []]);
});

test('a database that only shows sagas of elsewhere gives none away and takes none', async () => {
  const source = temporaryDatabase();
  const file = join(dirname(source), 'sagas.jsonl');
  const world = new World();
  const old = await engine(source, world);
  const { id } = await old.spawn(parcelSaga, { input: { parcel: 'p', way: 'air' } });
  await until(old, id, 'waiting');
  await old.stop({ within: 0 });
  const db = connect(source);
  db.exec('UPDATE engine SET is_projection = 1');
  const refused = 'which keeps them; name Restate in its place';
  const moved = exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  await expect(moved).rejects.toThrow(refused);
  db.exec('UPDATE engine SET is_projection = 0');
  db.close();
  await exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  const target = join(dirname(source), 'target.db');
  await (await engine(target, new World())).stop({ within: 0 });
  connect(target).exec('UPDATE engine SET is_projection = 1');
  const came = importSagas({ database: target, from: file, definitions });
  await expect(came).rejects.toThrow(refused);
});
