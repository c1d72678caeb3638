/** Starts come all the time while workers are swapped: each is taken, and its saga goes its way. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { systemClock } from '../../src/host/clock.ts';
import type { SagaHandle } from '../../src/host/saga-handle.ts';
import { deploy, type FaceKnows, planDeployment } from '../../src/restate/deploy.ts';
import { Admin } from '../../src/restate/face/admin.ts';
import { serveBackstep } from '../../src/server.ts';
import { jsonOf, typed } from '../cli/typed-commands.ts';
import { formSaga, INPUT, parcelSaga } from '../conformance/sagas.ts';
import { temporaryDatabase, temporaryFolder } from '../store/store-fixture.ts';
import { describeOnRestate, worker } from './rig.ts';
import { findingsIn, type Register, Stage } from './stage.ts';
import type { WorkerProcess } from './worker-process.ts';

const AT_ONCE = 3;
/** Between two starts of each that are made at once. */
const PAUSE_MS = 60;
const PATIENCE_MS = 120_000;

const never = () => Promise.reject(new Error('no saga runs here'));
const register: Register = ({ register: add }) => {
  const activities = Object.fromEntries(parcelSaga.activities.map((name) => [name, never]));
  add(parcelSaga, { activities } as never);
};
const atLoopback = ({ port }: { readonly port: number }): string => `http://127.0.0.1:${port}`;
const answer = ({ of }: { readonly of: string }) => ({ receipt: of });

/** What it says of its sagas, as the command asks it. */
async function knownTo(face: Backstep): Promise<FaceKnows> {
  const counts = await face.read.versionCounts();
  const inFlight = counts
    .map(({ type, version, underWay }) => ({ type, version, sagas: underWay }))
    .filter(({ sagas }) => sagas > 0);
  return { inFlight, isKnown: () => true };
}

/** Old workers that are told of, and new ones that are not yet. */
async function beforeSwap() {
  const stage = await Stage.bare(register);
  const database = temporaryDatabase();
  const backstep = await stage.face(database);
  const server = await serveBackstep({ backstep, port: 0 });
  onTestFinished(() => server.stop());
  const of = ['--admin', stage.server.admin, '--url', server.url, '--json'];
  const file = join(temporaryFolder(), 'calls');
  const [old, next] = await Promise.all([
    worker('swap-worker.ts', file, 'old'),
    worker('swap-worker.ts', file, 'new'),
  ]);
  const swapTo = (each: WorkerProcess, ...more: string[]) =>
    typed(['deploy', atLoopback(each), ...of, ...more]);
  expect(await swapTo(old)).toMatchObject({ code: 0 });
  const start = (name: string) => backstep.spawn(parcelSaga, { input: { of: name }, key: name });
  return { stage, backstep, database, old, next, swapTo, start };
}

async function expectEnds(sagas: readonly SagaHandle[]): Promise<void> {
  const outcomes = await Promise.all(sagas.map((each) => each.settled({ within: '60s' })));
  expect(outcomes.filter(({ status }) => status !== 'completed')).toEqual([]);
}

describeOnRestate('a start while workers are swapped', () => {
  it(
    'is taken at any moment of it, and its saga completes',
    async () => {
      const { stage, database, old, next, swapTo, start } = await beforeSwap();
      const sagas: SagaHandle[] = [];
      let isOver = false;
      const isUnderWay = Promise.withResolvers<void>();
      const some = async (_: unknown, nth: number): Promise<void> => {
        for (let count = 0; ; count += 1) {
          if (isOver) return;
          sagas.push(await start(`p-${nth}-${count}`));
          if (count > 1) isUnderWay.resolve();
          await pause(PAUSE_MS);
        }
      };
      const starts = Promise.all(Array.from({ length: AT_ONCE }, some));
      await isUnderWay.promise;
      const before = sagas.length;
      const swapped = await swapTo(next);
      expect(jsonOf(swapped)).toMatchObject({ left: 0, removed: [`${atLoopback(old)}/`] });
      // Nothing is to reach them any more.
      await old.kill();
      const after = sagas.length;
      expect(after).toBeGreaterThan(before);
      await expect.poll(() => sagas.length, { timeout: 20_000 }).toBeGreaterThan(after + AT_ONCE);
      isOver = true;
      await starts;
      await expectEnds(sagas);
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(database, [parcelSaga])).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'is waited for where old workers have it and have not begun to answer',
    async () => {
      const { old, next, swapTo, start } = await beforeSwap();
      await expectEnds([await start('first')]);
      process.kill(old.pid, 'SIGSTOP');
      const late = start('late');
      await pause(500);
      const waited = await swapTo(next, '--within', '4s');
      expect(jsonOf(waited)).toMatchObject({ left: 1, removed: [], kept: [`${atLoopback(old)}/`] });
      process.kill(old.pid, 'SIGCONT');
      const swapped = await swapTo(next);
      expect(jsonOf(swapped)).toMatchObject({ left: 0, removed: [`${atLoopback(old)}/`] });
      await old.kill();
      await expectEnds([await late]);
    },
    PATIENCE_MS,
  );

  it(
    'is told of where old workers took it after the look, and the new ones lack its version',
    async () => {
      const bind = (version: 1 | 2): Register => {
        const saga = formSaga(version);
        const activities = Object.fromEntries(saga.activities.map((name) => [name, answer]));
        return ({ register: add }) => add(saga, { activities } as never);
      };
      const stage = await Stage.open(bind(1));
      const face = await stage.face();
      bind(2)(face);
      const { inFlight: seen } = await knownTo(face);
      expect(seen).toEqual([]);
      const admin = new Admin(stage.server.admin);
      const ask = () => knownTo(face);
      const next = `${atLoopback(await stage.worker(bind(2)))}/`;
      const plan = await planDeployment(admin, next, ask, Date.now());
      expect(plan.refusals).toEqual([]);
      await face.spawn('form', { input: INPUT });
      const work = deploy(admin, plan, { clock: systemClock, withinMs: null, ask });
      let last = await work.next();
      while (last.done !== true) last = await work.next();
      const sentence = expect.stringMatching(/^1 sagas of form version 1 are in flight/) as unknown;
      expect(last.value).toMatchObject({ left: 0, stranded: [sentence] });
    },
    PATIENCE_MS,
  );
});
