/** A face that stands by, over the database that another one writes. */
import { expect, it, onTestFinished } from 'vitest';
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import { INPUT, requestSaga } from '../conformance/sagas.ts';
import { freePort } from '../ports.ts';
import { describeOnPostgres, postgresDatabase } from '../postgres/databases.ts';
import { describeOnRestate } from './rig.ts';
import { Stage } from './stage.ts';

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
const activities = { file: answer, withdraw: answer, grant: answer, revoke: answer };

describeOnRestate('a face that stands by', () => {
  describeOnPostgres('over PostgreSQL', () => {
    it('orders, and waits for what the other one writes', async () => {
      const saga = requestSaga();
      const stage = await Stage.open(({ register }) => register(saga, { activities }));
      const { url } = await postgresDatabase();
      const face = await stage.face(url);
      const standby = await openRestateBackstep({
        ingress: stage.server.ingress,
        admin: stage.server.admin,
        listen: { port: await freePort() },
        database: url,
        label: 'standby',
      });
      onTestFinished(() => standby.stop({ within: 0 }));
      standby.register(saga, { activities });
      const started = standby.start();
      started.catch(() => {}); // it is stopped before it could write
      expect(standby.health().kind).toBe('standby');

      const { id } = await standby.spawn(saga, { input: INPUT });
      const there = standby.saga(id);
      const isWaiting = await there.waitFor(({ status }) => status === 'waiting');
      expect(isWaiting?.status).toBe('waiting');
      const settled = there.settled();
      await there.send({ type: 'approve' });
      expect(await settled).toMatchObject({ status: 'completed' });
      expect(await face.saga(id).settled()).toMatchObject({ status: 'completed' });
    });
  });
});
