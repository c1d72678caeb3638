/** A saga whose call somebody killed stands still, until a person nudges it. */
import { EventEmitter, once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { serveBackstep } from '../../src/server.ts';
import { typed } from '../cli/typed-commands.ts';
import { SERVICES } from '../../src/restate/names.ts';
import { INPUT, pivotSaga, requestSaga } from '../conformance/sagas.ts';
import { describeOnRestate } from './rig.ts';
import { Stage } from './stage.ts';

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });

/** `decide` hangs at its first call, until it is aborted; every call is told with its key. */
function hangingOnce() {
  const events = new EventEmitter();
  const keys: string[] = [];
  const decide = async (input: { readonly of: string }, context: { readonly key: string }) => {
    keys.push(context.key);
    events.emit('call');
    if (keys.length === 1) await new Promise(() => {});
    return answer(input);
  };
  return { events, keys, activities: { hold: answer, unhold: answer, decide, deliver: answer } };
}

describeOnRestate('a nudge', () => {
  it('sets a saga going again whose attempt was killed, with the same key', async () => {
    const { events, keys, activities } = hangingOnce();
    const stage = await Stage.open(({ register }) => register(pivotSaga, { activities }));
    const backstep = await stage.face();
    const called = once(events, 'call');
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    await called;
    const { calls } = backstep;
    const before = await calls?.nudge(saga.id);
    expect(before).toMatchObject({ kind: 'moves', dispatched: [] });
    expect(before?.calls).toMatchObject([{ what: `${SERVICES.attempt}/run`, sagaId: saga.id }]);

    for (const id of await stage.callsOf(SERVICES.attempt)) await stage.killCall(id);
    await expect.poll(() => stage.callsOf('backstep-')).toEqual([]);
    const standing = await saga.state();
    const server = await serveBackstep({ backstep, port: 0 });
    onTestFinished(() => server.stop());
    const told = await typed(['nudge', saga.id, '--dry-run', '--url', server.url]);
    expect(told).toMatchObject({
      code: 0,
      out: expect.stringMatching(/would dispatch again decide/) as unknown,
    });
    const trial = await calls?.nudge(saga.id, { isTrial: true });
    expect(trial).toMatchObject({ kind: 'nudged', dispatched: [expect.stringMatching(/^decide/)] });
    expect(await saga.state()).toEqual(standing);
    expect(keys).toHaveLength(1);

    expect(await calls?.nudge(saga.id)).toEqual(trial);
    expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(await calls?.nudge(saga.id)).toEqual({ kind: 'waits', dispatched: [], calls: [] });
  });

  it('arms the timers of a saga again whose wake was killed', async () => {
    const waits = requestSaga({ within: '1s' });
    const activities = { file: answer, withdraw: answer, grant: answer, revoke: answer };
    const stage = await Stage.open(({ register }) => register(waits, { activities }));
    const backstep = await stage.face();
    const saga = await backstep.spawn(waits, { input: INPUT });
    await saga.waitFor(({ status }) => status === 'waiting', { within: '20s' });
    await stage.server.killCalls();
    await expect.poll(() => stage.server.calls()).toEqual([]);
    await expect(backstep.calls?.nudge("x' OR 1=1 --")).rejects.toMatchObject({
      code: 'not-found',
    });
    expect(await backstep.calls?.nudge(saga.id)).toMatchObject({ kind: 'waits' });
    expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'compensated' });
  });

  it('leaves a saga that waits for a place where it is in the line', async () => {
    const { events, activities } = hangingOnce();
    const bindings = { activities, concurrency: 1 };
    const stage = await Stage.open(({ register }) => register(pivotSaga, bindings));
    const backstep = await stage.face();
    const called = once(events, 'call');
    const first = await backstep.spawn(pivotSaga, { input: INPUT });
    await called;
    const second = await backstep.spawn(pivotSaga, { input: INPUT });
    const third = await backstep.spawn(pivotSaga, { input: INPUT });
    expect(await backstep.calls?.nudge(third.id)).toMatchObject({ kind: 'waits' });
    expect(await third.state()).toMatchObject({ status: 'waiting' });
    await first.command({ name: 'terminate' });
    expect(await second.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
    expect(await third.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
  });
});
