/** An attempt that was stopped is listened to for a while, and its worker may be lost meanwhile. */
import { EventEmitter, once } from 'node:events';
import { expect, it } from 'vitest';
import { SERVICES } from '../../src/restate/names.ts';
import { INPUT, requestSaga } from '../conformance/sagas.ts';
import { balancer, describeOnRestate } from './rig.ts';
import { type Register, Stage } from './stage.ts';

const saga = requestSaga();
const answer = ({ of }: { readonly of: string }) => ({ receipt: of });

describeOnRestate('an attempt that was stopped', () => {
  it('is over once its worker is lost that listens to what it says late', async () => {
    const events = new EventEmitter();
    const file = async (): Promise<{ receipt: string }> => {
      events.emit('call');
      return new Promise(() => {});
    };
    const activities = { file, withdraw: answer, grant: answer, revoke: answer };
    const register: Register = ({ register: add }) => add(saga, { activities });
    const stage = await Stage.bare(register);
    const [address, lost] = await Promise.all([
      balancer(),
      stage.worker(register, { lateWithin: '1h' }),
    ]);
    await address.add(lost.port);
    await stage.server.register(address.url);
    const face = await stage.face();
    const called = once(events, 'call');
    const { id } = await face.spawn(saga, { input: INPUT });
    await called;
    await face.saga(id).command({ name: 'cancel' });
    expect(await face.saga(id).settled({ within: '20s' })).toMatchObject({ status: 'compensated' });
    await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toHaveLength(1);
    expect(await stage.callsOf(SERVICES.attempt)).toHaveLength(1);

    await lost.stop({ within: 0 });
    await address.add((await stage.worker(register)).port);
    await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
  });
});
