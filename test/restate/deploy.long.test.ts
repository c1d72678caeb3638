/** New workers in the place of old ones, from the command line, with sagas under way. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createEndpointHandler, service } from '@restatedev/restate-sdk';
import { expect, it, onTestFinished } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { planDeployment } from '../../src/restate/deploy.ts';
import { Admin } from '../../src/restate/face/admin.ts';
import { SERVICES } from '../../src/restate/names.ts';
import { sagaObject } from '../../src/restate/saga-object.ts';
import { WorkerRegistry } from '../../src/restate/worker-registry.ts';
import { serveBackstep } from '../../src/server.ts';
import { jsonOf, type Ran, typed } from '../cli/typed-commands.ts';
import { formSaga, INPUT, parcelSaga } from '../conformance/sagas.ts';
import { temporaryDatabase, temporaryFolder } from '../store/store-fixture.ts';
import { describeOnRestate, worker } from './rig.ts';
import { findingsIn, type Register, Stage, urlOf } from './stage.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const AT_ONCE = 4;
const PATIENCE_MS = 90_000;

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
const never = () => Promise.reject(new Error('no saga runs here'));

/** The command on the face of a stage. */
async function deployOn(stage: Stage, backstep: Backstep) {
  const server = await serveBackstep({ backstep, port: 0 });
  onTestFinished(() => server.stop());
  const of = ['--admin', stage.server.admin, '--url', server.url];
  const args = (address: string, more: readonly string[]) => ['deploy', address, ...of, ...more];
  return {
    deploy: (address: string, ...more: string[]): Promise<Ran> => typed(args(address, more)),
    /** As a process, which ends where nothing keeps it. */
    deployAlone: (address: string, ...more: string[]): Promise<Ran> => run(args(address, more)),
  };
}

async function run(args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);
  return { code, out, err };
}

describeOnRestate('a deployment', () => {
  it(
    'puts new workers in the place of old ones under load, and no saga notices',
    async () => {
      const activities = Object.fromEntries(parcelSaga.activities.map((name) => [name, never]));
      const register: Register = ({ register: add }) => add(parcelSaga, { activities } as never);
      const stage = await Stage.bare(register);
      const database = temporaryDatabase();
      const backstep = await stage.face(database);
      const { deploy } = await deployOn(stage, backstep);
      const file = join(temporaryFolder(), 'calls');
      const old = await worker('swap-worker.ts', file, 'old');
      const first = await deploy(`http://127.0.0.1:${old.port}`);
      expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/parcel@1/) as unknown });

      let sagas = 0;
      let isSwapped = false;
      const isUnderWay = Promise.withResolvers<void>();
      // Sagas one after the other, until after the swap.
      const some = async (): Promise<void> => {
        for (let isLast = false; !isLast;) {
          isLast = isSwapped;
          sagas += 1;
          const saga = await backstep.spawn(parcelSaga, { input: { of: `p-${sagas}` } });
          if (sagas > 2 * AT_ONCE) isUnderWay.resolve();
          expect(await saga.settled({ within: '60s' })).toMatchObject({ status: 'completed' });
        }
      };
      const load = Promise.all(Array.from({ length: AT_ONCE }, some));
      const next = await worker('swap-worker.ts', file, 'new');
      await isUnderWay.promise;
      const swapped = await deploy(`http://127.0.0.1:${next.port}`, '--json');
      expect(swapped.code).toBe(0);
      expect(jsonOf(swapped)).toMatchObject({
        left: 0,
        removed: [`http://127.0.0.1:${old.port}/`],
        kept: [],
      });
      await old.kill();
      isSwapped = true;
      await load;

      const calls = readFileSync(file, 'utf8').trim().split('\n');
      // None was made twice: nothing was cut off.
      expect(calls).toHaveLength(4 * sagas);
      expect(new Set(calls.map((line) => line.split(' ')[1])).size).toBe(4 * sagas);
      expect(new Set(calls.map((line) => line.split(' ')[0]))).toEqual(new Set(['old', 'new']));
      await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      expect(await findingsIn(database, [parcelSaga])).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'is refused while turns wait to be written, of which the face does not know',
    async () => {
      const bind: Register = ({ register: add }) =>
        add(formSaga(1), { activities: { file: answer, unfile: answer } } as never);
      const stage = await Stage.open(bind);
      const backstep = await stage.face();
      const { id } = await backstep.spawn('form', { input: INPUT });
      await backstep.saga(id).waitFor(({ status }) => status === 'waiting', { within: '20s' });
      await expect.poll(() => stage.callsOf('backstep-journal'), { timeout: 20_000 }).toEqual([]);
      await stage.closeFace();
      const next = urlOf(await stage.worker(bind));
      const known = { inFlight: [], isKnown: () => true };
      const admin = new Admin(stage.server.admin);
      const refusals = async () =>
        (await planDeployment(admin, next, async () => known, Date.now())).refusals;
      const words = { command: { name: 'pause' }, expectedVersion: null, atMs: Date.now() };
      await fetch(`${stage.server.ingress}/restate/call/${SERVICES.saga}/${id}/command`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(words),
      });
      // One that was taken just now is on its way.
      expect(await refusals()).toEqual([]);
      await expect
        .poll(refusals, { timeout: 20_000 })
        .toEqual([expect.stringMatching(/^1 turns wait to be written/)]);
    },
    PATIENCE_MS,
  );

  it(
    'is refused where it would leave sagas behind, and waits for what old workers have begun',
    async () => {
      const one = formSaga(1);
      const two = formSaga(2);
      const slow = Promise.withResolvers<void>();
      const file = async (input: { readonly of: string }) => {
        if (input.of === 'slow') await slow.promise;
        return answer(input);
      };
      const ofOne = { file, unfile: answer };
      const ofTwo = { ...ofOne, stamp: answer, unstamp: answer };
      const bindOne: Register = ({ register: add }) => add(one, { activities: ofOne } as never);
      const bindTwo: Register = ({ register: add }) => add(two, { activities: ofTwo });
      const migrated: Register = ({ register: add }) =>
        add(two, { activities: ofTwo, migrate: { 1: (state) => state } });
      const stage = await Stage.bare((at) => {
        bindOne(at);
        bindTwo(at);
      });
      const backstep = await stage.face();
      const { deploy, deployAlone } = await deployOn(stage, backstep);
      const old = await stage.worker(bindOne);
      expect((await deploy(urlOf(old))).code).toBe(0);
      // The face has a newer version than these workers, which start what they have.
      const saga = await backstep.spawn('form', { input: INPUT });
      await saga.waitFor(({ status }) => status === 'waiting', { within: '20s' });
      const before = await deployments(stage);

      const lacking = await deploy(urlOf(await stage.worker(bindTwo)));
      expect(lacking.code).toBe(4);
      expect(lacking.out).toMatch(/1 sagas of form version 1 are in flight/);
      const unknown: Register = ({ register: add }) => {
        bindOne({ register: add });
        add(parcelSaga, { activities: allOf(parcelSaga.activities) } as never);
      };
      const beyond = await deploy(urlOf(await stage.worker(unknown)));
      expect([beyond.code, beyond.out]).toEqual([
        4,
        expect.stringContaining('the face does not know parcel version 1'),
      ]);
      const nobody = await deploy('http://127.0.0.1:9', '--json');
      expect(nobody.code).toBe(5);
      expect(nobody.err).toMatch(/Restate cannot reach .*127\.0\.0\.1:9.*refused/);
      expect((await deploy('no url')).code).toBe(2);
      const next = await stage.worker(migrated);
      const trial = await deploy(urlOf(next), '--dry-run');
      expect(trial).toMatchObject({ code: 0 });
      expect(trial.out).toMatch(/would serve form@1 by a migration, form@2/);
      const oneWay = await deploy(await onlyOneWay(migrated));
      expect([oneWay.code, oneWay.out]).toEqual([4, expect.stringContaining('HTTP/2')]);
      expect(await deployments(stage)).toEqual(before);

      const late = await backstep.spawn('form', { input: { of: 'slow' } });
      await late.waitFor(({ live }) => live.activities['file'] !== undefined, { within: '20s' });
      const waited = await deployAlone(urlOf(next), '--within', '1s');
      expect(waited.code).toBe(1);
      expect(waited.out).toContain(`${urlOf(old)}/ must go on\n1 calls are left on old workers`);
      slow.resolve();
      expect((await deploy(urlOf(next))).out).toContain(`nothing is left on ${urlOf(old)}/`);
      expect((await deploy(urlOf(next))).code).toBe(0);
      expect(await deployments(stage)).not.toEqual(before);
      expect(await late.state()).toMatchObject({ status: 'waiting' });
      await saga.send({ type: 'approve' });
      expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
      const steps = (await saga.state())?.steps.map(({ name }) => name);
      expect(steps).toEqual(['file', 'stamp']);
    },
    PATIENCE_MS,
  );
});

function allOf(names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, answer]));
}

async function deployments(stage: Stage): Promise<unknown> {
  return (await fetch(`${stage.server.admin}/deployments`)).json();
}

/** Attempts at an address that answers only once it was asked everything. */
async function onlyOneWay(register: Register): Promise<string> {
  const registry = new WorkerRegistry();
  register({ register: (definition, ...[bindings = {}]) => registry.add(definition, bindings) });
  const services = [
    sagaObject({
      registry,
      stateLength: 1_000_000,
      keepEndedMs: null,
      unheard: { add: () => {} },
      inline: null,
    }),
    service({ name: SERVICES.attempt, handlers: { run: async () => {} } }),
  ];
  const handler = createEndpointHandler({ services, bidirectional: false, logger: () => {} });
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
