/** A saga whose call somebody killed stands still, until a person nudges it. */
import { EventEmitter, once } from 'node:events';
import { expect, it } from 'vitest';
import { SERVICES } from '../../src/restate/names.ts';
import { INPUT, pivotSaga } from '../conformance/sagas.ts';
import { describeOnRestate } from './rig.ts';
import { Stage } from './stage.ts';

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });

/** `decide` hangs at its first call, until it is aborted; every call is told with its key. */
function hangingOnce() {
  const told = new EventEmitter();
  const keys: string[] = [];
  const decide = async (input: { readonly of: string }, context: { readonly key: string }) => {
    keys.push(context.key);
    told.emit('call');
    if (keys.length === 1) await new Promise(() => {});
    return answer(input);
  };
  return { told, keys, activities: { hold: answer, unhold: answer, decide, deliver: answer } };
}

describeOnRestate('a nudge', () => {
  it('sets a saga going again whose attempt was killed, with the same key', async () => {
    const { told, keys, activities } = hangingOnce();
    const stage = await Stage.open((it) => it.register(pivotSaga, { activities }));
    const backstep = await stage.face();
    const called = once(told, 'call');
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    await called;
    const { calls } = backstep;
    const before = await calls?.nudge(saga.id);
    expect(before).toMatchObject({ kind: 'moves', dispatched: [] });
    expect(before?.calls).toMatchObject([{ what: `${SERVICES.attempt}/run`, sagaId: saga.id }]);

    for (const id of await stage.callsOf(SERVICES.attempt)) await stage.killCall(id);
    await expect.poll(() => stage.callsOf('backstep-')).toEqual([]);
    const standing = await saga.state();
    const trial = await calls?.nudge(saga.id, { isTrial: true });
    expect(trial).toMatchObject({ kind: 'nudged', dispatched: [expect.stringMatching(/^decide/)] });
    expect(await saga.state()).toEqual(standing);
    expect(keys).toHaveLength(1);

    expect(await calls?.nudge(saga.id)).toEqual(trial);
    expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'completed' });
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(await calls?.nudge(saga.id)).toEqual({ kind: 'waits', dispatched: [], calls: [] });
  });

  it('finds no saga that there is not', async () => {
    const { activities } = hangingOnce();
    const stage = await Stage.open((it) => it.register(pivotSaga, { activities }));
    const { calls } = await stage.face();
    await expect(calls?.nudge("x' OR 1=1 --")).rejects.toMatchObject({ code: 'not-found' });
  });
});
