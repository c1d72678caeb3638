/** Calls that do not get on, as a person sees them: counted, shown, and with what to do. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { CallTroubleKind } from '../../src/host/host-calls.ts';
import { Admin } from '../../src/restate/face/admin.ts';
import { countStuckCalls, findTroubles } from '../../src/restate/face/stuck-calls.ts';
import { SERVICES } from '../../src/restate/names.ts';
import { serveBackstep } from '../../src/server.ts';
import { jsonOf, typed } from '../cli/typed-commands.ts';
import { INPUT, pivotSaga } from '../conformance/sagas.ts';
import { describeOnRestate } from './rig.ts';
import { type Register, Stage, urlOf } from './stage.ts';

const LONG_MS = 60_000;

describeOnRestate('calls that do not get on', () => {
  it(
    'are told with what to do: on an old deployment, tried too often, paused, not written',
    async () => {
      const told = new EventEmitter();
      const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
      const hang = async () => {
        told.emit('call');
        return new Promise<never>(() => {});
      };
      const register: Register = ({ register: add }) =>
        add(pivotSaga, {
          activities: { hold: answer, unhold: answer, decide: hang, deliver: answer },
        });
      const stage = await Stage.open(() => {});
      const admin = new Admin(stage.server.admin);
      const worker = await stage.worker(register);
      await stage.server.register(urlOf(worker));
      const backstep = await stage.face(undefined, {});
      register(backstep);
      const server = await serveBackstep({ backstep, port: 0 });
      onTestFinished(() => server.stop());
      const cli = (...args: string[]) => typed([...args, '--url', server.url]);
      expect(await cli('calls')).toMatchObject({ code: 0, out: 'every call gets on\n' });

      const called = once(told, 'call');
      const { id } = await backstep.spawn(pivotSaga, { input: INPUT });
      await called;
      const next = await stage.worker(register);
      await stage.server.register(urlOf(next));
      expect(await kinds(admin)).toEqual(['pinned']);
      await expect.poll(() => backstep.calls?.figures()?.pinned, { timeout: 5_000 }).toBe(1);
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      expect(metrics).toContain('\nbackstep_calls_pinned 1\n');
      const health = (await (await fetch(`${server.url}/api/health`)).json()) as object;
      expect(health).toMatchObject({ status: 'ready', calls: { pinned: 1, paused: 0 } });
      const page = await (await fetch(`${server.url}/debug`)).text();
      expect(page).toMatch(new RegExp(`takes no new calls: 1[^]*${id}`));

      await worker.stop({ within: 0 });
      await expect.poll(() => kinds(admin, 2), { timeout: 20_000 }).toContain('retried-often');
      const [call = ''] = await stage.callsOf(SERVICES.attempt);
      const order = (what: string) =>
        fetch(`${stage.server.admin}/invocations/${call}/${what}`, { method: 'PATCH' });
      await order('pause');
      await expect.poll(() => kinds(admin, 2), { timeout: 5_000 }).toEqual(['paused', 'pinned']);
      const listed = await cli('calls', '--json');
      expect(listed.code).toBe(1);
      expect(jsonOf(listed)).toMatchObject({
        troubles: [
          { kind: 'paused', examples: [{ id: call, sagaId: id, status: 'paused' }] },
          { kind: 'pinned' },
        ],
      });
      expect((await cli('calls')).out).toContain('/invocations/{id}/resume');
      const nudged = await cli('nudge', id);
      expect(nudged.out).toMatch(new RegExp(`under way, so that nothing was done[^]*${call}`));

      // As the cure says.
      const again = once(told, 'call');
      await order('resume?deployment=latest');
      await again;
      expect(await kinds(admin)).toEqual([]);

      await server.stop();
      await stage.closeFace();
      await fetch(`${stage.server.ingress}/restate/call/${SERVICES.saga}/${id}/command`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ command: { name: 'pause' }, expectedVersion: null, atMs: 0 }),
      });
      await expect.poll(() => kinds(admin), { timeout: 20_000 }).toEqual(['unwritten']);
    },
    LONG_MS,
  );
});

it.each([
  ['2026-01-01T00:00:01.500Z', []],
  ['2026-01-01T00:00:09Z', ['unwritten']],
] as const)(
  'a turn waits to be written by the clock of Restate, whatever it is here: %s',
  async (now, found) => {
    const figures = { unwritten: 1, oldest_unwritten: '2026-01-01T00:00:00Z', now };
    const server = createServer((request, response) => {
      const isList = request.url === '/deployments';
      response.end(JSON.stringify(isList ? { deployments: [] } : { rows: [figures] }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const admin = new Admin(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(await kinds(admin)).toEqual(found);
    const { oldestUnwrittenMs } = await countStuckCalls(admin, [], 100_000);
    expect(oldestUnwrittenMs).toBe(
      100_000 - (Date.parse(now) - Date.parse(figures.oldest_unwritten)),
    );
  },
);

async function kinds(admin: Admin, often?: number): Promise<readonly CallTroubleKind[]> {
  return (await findTroubles(admin, Date.now(), often)).map(({ kind }) => kind);
}
