/** A projection that is lost, or older than its sagas, is written again of what Restate keeps. */
import { copyFileSync, rmSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { PermanentError } from '../../src/core/failure.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import { openBackstep } from '../../src/index.ts';
import { SERVICES } from '../../src/restate/names.ts';
import { parcelSaga, requestSaga } from '../conformance/sagas.ts';
import { serveBackstep } from '../../src/server.ts';
import { typed } from '../cli/typed-commands.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { describeOnRestate } from './rig.ts';
import { findingsIn, type Register, Stage } from './stage.ts';

const PAGE = { limit: 100, cursor: null };
const PATIENCE_MS = 60_000;
const POLLING = { timeout: 20_000 };

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
/** What the name of a parcel says is refused. */
const unless = (refused: string) => (input: { readonly of: string }) => {
  if (input.of.includes(refused)) throw new PermanentError('refused', 'no');
  return answer(input);
};

const register: Register = ({ register: add }) =>
  add(parcelSaga, {
    activities: {
      reserve: answer,
      release: answer,
      pay: answer,
      refund: unless('no-refund'),
      pack: answer,
      unpack: answer,
      ship: unless('no-ship'),
      recall: answer,
      findPayment: () => ({ kind: 'unknown' }),
    },
  });

/** Everything that pages show of sagas, without the positions of the feed. */
async function shownBy({ read }: Backstep) {
  const { items: sagas } = await read.listSagas({}, PAGE);
  const histories: Record<string, unknown> = {};
  for (const { id } of sagas) {
    const { items } = await read.transitions(id, PAGE);
    const lines = items.map((line: Partial<FeedEntry>) => ({ ...line, seq: 0 }));
    const saga = await read.saga(id);
    histories[id] = { lines, audit: await read.audit(id), saga };
  }
  const { items: letters } = await read.deadLetters(PAGE);
  return { sagas, histories, letters: letters.map((letter) => ({ ...letter, id: 0 })) };
}

describeOnRestate('a resync', () => {
  it(
    'brings lists, histories, audit and dead letters back into an empty database',
    async () => {
      const stage = await Stage.open(register);
      const database = temporaryDatabase();
      let backstep = await stage.face(database);
      const names = ['a', 'no-ship', 'b', 'no-ship no-refund', 'c', 'd'];
      for (const of of names) {
        const key = of === 'c' ? 'a key' : undefined;
        const start = { input: { of }, ...(key === undefined ? {} : { key }) };
        const saga = await backstep.spawn(parcelSaga, start);
        await saga.settled({ within: '20s' });
      }
      const { items } = await backstep.read.deadLetters(PAGE);
      const waiting = items[0]?.sagaId ?? '';
      const by = { name: 'retry', by: 'ada', reason: 'a try' } as const;
      await backstep.saga(waiting).command(by);
      await expect.poll(async () => (await backstep.read.deadLetters(PAGE)).items.length).toBe(1);
      await expect.poll(() => stage.callsOf('backstep-')).toEqual([]);
      const before = await shownBy(backstep);
      expect(before.sagas).toHaveLength(names.length);
      await stage.closeFace();
      for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true });

      backstep = await stage.face(database);
      expect(await backstep.read.countSagas({})).toBe(0);
      const counted = { sagas: 6, missing: 6, behind: 0, lost: 0 };
      const server = await serveBackstep({ backstep, port: 0 });
      onTestFinished(() => server.stop());
      const cli = (...args: string[]) => typed(['resync', ...args, '--url', server.url]);
      expect((await cli('--dry-run')).out).toMatch(/^of 6 sagas on Restate 6 are not in the/);
      expect(await backstep.calls?.resync({ isTrial: true })).toMatchObject(counted);
      expect(await backstep.read.countSagas({})).toBe(0);
      expect(await cli()).toMatchObject({
        code: 0,
        out: expect.stringMatching(/6 are written/) as unknown,
      });
      expect(backstep.calls?.resynced()).toMatchObject({ ...counted, written: 6, error: null });
      expect(await shownBy(backstep)).toEqual(before);
      const again = await backstep.spawn(parcelSaga, { input: { of: 'c' }, key: 'a key' });
      expect(again.isNew).toBe(false);
      await stage.closeFace();
      expect(await findingsIn(database, [parcelSaga])).toEqual([]);

      // Neither host takes the sagas of the other for its own.
      const refused = { code: 'storage-refused' };
      await expect(openBackstep({ database })).rejects.toMatchObject(refused);
      const embedded = temporaryDatabase();
      const engine = await openBackstep({ database: embedded });
      register(engine);
      await engine.start();
      await engine.spawn(parcelSaga, { input: { of: 'e' } });
      await engine.stop({ within: 0 });
      await expect(stage.face(embedded)).rejects.toMatchObject(refused);
      await stage.closeFace();
      expect((await stage.face(database)).health().kind).toBe('ready');
    },
    PATIENCE_MS,
  );

  it(
    'is not waited for by a saga that moves on: what its turn follows on comes first',
    async () => {
      const stage = await Stage.open(register);
      const database = temporaryDatabase();
      let backstep = await stage.face(database);
      const saga = await backstep.spawn(parcelSaga, { input: { of: 'no-ship no-refund' } });
      await saga.settled({ within: '20s' });
      const { id } = saga;
      await expect.poll(() => stage.callsOf('backstep-')).toEqual([]);
      await stage.closeFace();
      const old = temporaryDatabase();
      copyFileSync(database, old);
      backstep = await stage.face(database);
      await backstep.saga(id).command({ name: 'retry', by: 'ada' });
      await expect.poll(() => stage.callsOf('backstep-')).toEqual([]);
      await stage.closeFace();

      backstep = await stage.face(old);
      await backstep.saga(id).command({ name: 'skip', by: 'ada', reason: 'given up' });
      await expect
        .poll(async () => (await backstep.read.saga(id))?.status, { timeout: 20_000 })
        .toBe('compensation_failed');
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      const { items } = await backstep.read.transitions(id, PAGE);
      expect(items.map(({ sagaSeq }) => sagaSeq)).toEqual(items.map((_, at) => at + 1));
      await stage.closeFace();
      expect(await findingsIn(old, [parcelSaga])).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'brings back what was mended long ago, where somebody had killed the line of a turn',
    async () => {
      const activities = { file: answer, withdraw: answer, grant: answer, revoke: answer };
      const stage = await Stage.open(({ register: add }) => add(requestSaga(), { activities }));
      const database = temporaryDatabase();
      let backstep = await stage.face(database);
      const { id } = await backstep.spawn('request', { input: { of: 'a' } });
      await backstep.saga(id).waitFor(({ status }) => status === 'waiting', { within: '20s' });
      await expect.poll(() => stage.callsOf(SERVICES.journal), POLLING).toEqual([]);
      await stage.closeFace();
      await ordered(stage, id, 'pause');
      await expect.poll(async () => (await stage.callsOf(SERVICES.journal)).length).toBe(1);
      for (const call of await stage.callsOf(SERVICES.journal)) await stage.killCall(call);

      backstep = await stage.face(database);
      // More turns than the saga itself remembers.
      for (let nth = 0; nth < 20; nth += 1) {
        await backstep.saga(id).command({ name: 'resume', by: 'ada' });
        await backstep.saga(id).command({ name: 'pause', by: 'ada' });
      }
      const { seq } = (await backstep.saga(id).state()) ?? { seq: 0 };
      await expect.poll(async () => (await backstep.read.saga(id))?.seq, POLLING).toBe(seq);
      await expect.poll(() => stage.callsOf('backstep-'), POLLING).toEqual([]);
      const before = await shownBy(backstep);
      await stage.closeFace();
      for (const end of ['', '-wal', '-shm']) rmSync(database + end, { force: true });

      backstep = await stage.face(database);
      await backstep.calls?.resync();
      await expect.poll(() => backstep.calls?.resynced().state, POLLING).toBe('ended');
      expect(backstep.calls?.resynced()).toMatchObject({ missing: 1, written: 1, lost: 0 });
      expect(await shownBy(backstep)).toEqual(before);
      await stage.closeFace();
      expect(await findingsIn(database, [requestSaga()])).toEqual([]);
    },
    PATIENCE_MS,
  );
});

/** Orders it where no face is. */
async function ordered({ server }: Stage, id: string, name: string): Promise<void> {
  const words = { command: { name, by: 'ada' }, expectedVersion: null, atMs: Date.now() };
  const answered = await fetch(`${server.ingress}/restate/call/${SERVICES.saga}/${id}/command`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(words),
  });
  expect(await answered.json()).toMatchObject({ done: { status: 'paused' } });
}
