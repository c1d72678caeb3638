/** Attempts that the call of their saga makes, on a real server: what waits for them, and what ends them. */
import { EventEmitter, once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { planDeployment } from '../../../src/restate/deploy.ts';
import { Admin } from '../../../src/restate/face/admin.ts';
import { exportFromRestate } from '../../../src/restate/face/moves/moving.ts';
import { SERVICES } from '../../../src/restate/names.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { hastySaga, INPUT, pivotSaga } from '../../conformance/sagas.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { balancer, describeOnRestate } from '../rig.ts';
import { findingsIn, type Register, Stage, urlOf } from '../stage.ts';

const INLINE = { inlineAttempts: { upTo: '10s' } } as const;
const SOON = { within: '20s' } as const;
const POLLING = { timeout: 20_000 };
/** Longer than the attempts of one call take together. */
const LONG_MS = 300;

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });

/** `decide` waits until it is told to answer, every time; each call is told with its key. */
function held() {
  const events = new EventEmitter();
  const keys: string[] = [];
  const open = Promise.withResolvers<void>();
  const decide = async (input: { readonly of: string }, context: { readonly key: string }) => {
    keys.push(context.key);
    events.emit('call');
    await open.promise;
    await pause(LONG_MS);
    return answer(input);
  };
  const activities = { hold: answer, unhold: answer, decide, deliver: answer };
  const register: Register = ({ register: add }) => add(pivotSaga, { activities });
  const release = (): void => open.resolve();
  return { events, keys, register, release, called: () => once(events, 'call') };
}

describeOnRestate('an inline attempt', () => {
  it('is made by a call of its saga, for which orders wait', async () => {
    const { register, release, called } = held();
    const stage = await Stage.open(register, INLINE);
    const backstep = await stage.face();
    const begun = called();
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    await begun;
    expect(await stage.callsOf(SERVICES.attempt)).toEqual([]);
    const nudged = await backstep.calls?.nudge(saga.id);
    expect(nudged).toMatchObject({ kind: 'moves', dispatched: [] });
    expect(nudged?.calls).toMatchObject([{ what: `${SERVICES.saga}/attempt`, sagaId: saga.id }]);
    const order = saga.command({ name: 'pause', by: 'ada' });
    await expect.poll(() => stage.callsOf(`${SERVICES.saga}/`), POLLING).toHaveLength(2);
    expect(await saga.state()).toMatchObject({ status: 'running' });
    release();
    // The attempt that would have followed waits behind the order, and is not made.
    expect(await order).toMatchObject({ status: 'paused', seq: 4 });
    await saga.command({ name: 'resume', by: 'ada' });
    expect(await saga.settled(SOON)).toMatchObject({ status: 'completed' });
    const { items } = await backstep.read.transitions(saga.id, { limit: 10, cursor: null });
    const causes = items.toSorted((a, b) => a.sagaSeq - b.sagaSeq).map(({ cause }) => cause);
    expect(causes).toEqual(['start', 'result', 'result', 'command', 'command', 'result']);
  });

  it('is made again by a nudge, with its key, where its call was killed', async () => {
    const { keys, register, release, called } = held();
    const stage = await Stage.open(register, INLINE);
    const backstep = await stage.face();
    const begun = called();
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    await begun;
    for (const id of await stage.callsOf(SERVICES.saga)) await stage.killCall(id);
    await expect.poll(() => stage.callsOf('backstep-'), POLLING).toEqual([]);
    release();
    const { calls } = backstep;
    expect(await calls?.nudge(saga.id)).toMatchObject({
      kind: 'nudged',
      dispatched: [expect.stringMatching(/^decide/)],
    });
    expect(await saga.settled(SOON)).toMatchObject({ status: 'completed' });
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(await calls?.nudge(saga.id)).toEqual({ kind: 'waits', dispatched: [], calls: [] });
  });

  it('ends before its saga leaves, and the next one is made where that goes', async () => {
    const { keys, register, release, called } = held();
    const stage = await Stage.open(register, INLINE);
    const backstep = await stage.face();
    const begun = called();
    const { id } = await backstep.spawn(pivotSaga, { input: INPUT });
    await begun;
    const folder = dirname(temporaryDatabase());
    const [to, database] = [join(folder, 'sagas.jsonl'), join(folder, 'target.db')];
    const { ingress, admin } = stage.server;
    const left = exportFromRestate({ ingress, admin, to, place: 'the shop', sagas: { ids: [id] } });
    await expect.poll(() => stage.callsOf(`${SERVICES.saga}/${id}/leave`), POLLING).toHaveLength(1);
    release();
    await left;
    await importSagas({ database, from: to, definitions: [pivotSaga] });
    const there = await openBackstep({ database });
    onTestFinished(() => there.stop({ within: 0 }));
    register(there);
    await there.start();
    expect(await there.saga(id).settled(SOON)).toMatchObject({ status: 'completed' });
    expect(keys).toHaveLength(1);
    await there.stop();
    expect(await findingsIn(database, [pivotSaga as never])).toEqual([]);
  });

  it('is told of by a worker that stops in good order, and counted by nobody', async () => {
    const { keys, register, release, called } = held();
    const stage = await Stage.bare(register);
    const [first, second] = await Promise.all([
      stage.worker(register, INLINE),
      stage.worker(register, INLINE),
    ]);
    const address = await balancer();
    await address.add(first.port);
    await stage.server.register(address.url);
    const backstep = await stage.face();
    const begun = called();
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    await begun;
    await address.add(second.port);
    const stopped = first.stop({ within: '20s' });
    release();
    await stopped;
    expect(await saga.settled(SOON)).toMatchObject({ status: 'completed' });
    expect(keys).toHaveLength(1);
    expect(await backstep.read.notes(saga.id, 10)).toEqual([]);
  });

  it('is a setting of all workers at an address: the same one with another is refused', async () => {
    const register: Register = ({ register: add }) =>
      add(hastySaga(), { activities: { call: answer, uncall: answer } });
    const stage = await Stage.open(register, {});
    const worker = await stage.worker(register);
    await stage.server.register(urlOf(worker));
    await worker.stop({ within: 0 });
    const { port } = worker;
    await stage.worker(register, { port, ...INLINE });
    const nothing = async () => ({ inFlight: [], isKnown: () => true });
    const plan = await planDeployment(new Admin(stage.server.admin), urlOf(worker), nothing, 0);
    expect(plan.refusals).toEqual([expect.stringContaining('other code or settings serve at')]);
  });
});
