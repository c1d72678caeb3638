/** A worker is lost after every single thing that it says of a saga, and no saga notices. */
import { expect, it, onTestFinished } from 'vitest';
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import { keyedSagaId } from '../../src/restate/keys.ts';
import { serveWorker, type WorkerOptions } from '../../src/restate/worker.ts';
import { INPUT, parcelSaga } from '../conformance/sagas.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { Cutter } from './cutter.ts';
import { findingsIn, storedIn } from './left-behind.ts';
import { describeOnRestate, restateServer } from './rig.ts';

/** Messages that a worker says of one saga of four steps, and some more. */
const MESSAGES = 90;
const PATIENCE_MS = 120_000;

interface Called {
  readonly sagaId: string;
  readonly step: string;
  readonly key: string;
}

describeOnRestate('sagas on Restate', () => {
  it.each<[how: string, options: Pick<WorkerOptions, 'inlineAttempts'>]>([
    ['of their own', {}],
    ['of their saga', { inlineAttempts: { upTo: '10s' } }],
  ])(
    'go on from wherever a worker was lost, every turn once, attempts with their key, in calls %s',
    async (_how, options) => {
      const server = await restateServer();
      const called: Called[] = [];
      const note = (_: unknown, { sagaId, step, key }: Called) => {
        called.push({ sagaId, step, key });
        return { receipt: 'r' };
      };
      const activities = {
        reserve: note,
        release: note,
        pay: note,
        refund: note,
        pack: note,
        unpack: note,
        ship: note,
        recall: note,
        findPayment: () => ({ kind: 'unknown' }) as const,
      };
      const bindings = { activities, subscribers: { 'parcel.shipped': () => {} } };
      const worker = await serveWorker({
        port: 0,
        ...options,
        register: ({ register }) => register(parcelSaga, bindings),
      });
      const keys = Array.from({ length: MESSAGES }, (_, at) => `after-${at}`);
      const after = new Map(keys.map((key, at) => [keyedSagaId('parcel', key), at]));
      const cutter = await Cutter.before(worker.port, (saga) => after.get(saga) ?? Infinity);
      await server.register(cutter.url);
      const { ingress, admin } = server;
      const database = temporaryDatabase();
      const listen = { port: await freePort() };
      const backstep = await openRestateBackstep({ ingress, admin, listen, database });
      onTestFinished(async () => {
        await backstep.stop({ within: 0 });
        await cutter.close();
        await worker.stop({ within: 0 });
      });
      backstep.register(parcelSaga, bindings);
      await backstep.start();

      const starts = await Promise.all(
        keys.map((key) => backstep.spawn(parcelSaga, { input: INPUT, key })),
      );
      const outcomes = await Promise.all(starts.map((each) => each.settled()));
      expect(outcomes.map(({ status }) => status)).toEqual(keys.map(() => 'completed'));
      // A saga says less than that when nothing goes wrong, so the last ones were left alone.
      expect(cutter.cut.size).toBeGreaterThan(MESSAGES / 3);
      expect(cutter.cut.size).toBeLessThan(MESSAGES);

      const keyOf = new Map<string, string>();
      for (const { sagaId, step, key } of called) {
        const known = keyOf.get(`${sagaId}/${step}`) ?? key;
        expect(key).toBe(known);
        keyOf.set(`${sagaId}/${step}`, known);
      }
      expect(keyOf.size).toBe(4 * MESSAGES);
      // No call is tried again and again because it cannot say the same as before.
      await expect.poll(() => server.calls(), { timeout: 20_000 }).toEqual([]);
      await backstep.stop({ within: 0 });
      expect(await findingsIn({ database })).toEqual([]);
      expect(await storedIn({ database })).toMatchObject({ sagas: MESSAGES, holes: [] });
    },
    PATIENCE_MS,
  );
});
