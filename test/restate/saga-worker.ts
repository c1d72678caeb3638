/**
 * A worker of sagas as a process of its own, for trying what becomes of sagas when it is killed. Each
 * call of an activity is written to the file that it is given, before it answers.
 */
import { appendFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ActivityContext } from '../../src/core/activity.ts';
import { PermanentError } from '../../src/core/failure.ts';
import { serveWorker } from '../../src/restate/worker.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { lineOf } from './left-behind.ts';
import { isRefused } from './refused-parcels.ts';
import { tellPort } from './worker-process.ts';

const [calls = ''] = process.argv.slice(2);

const call = async (_: unknown, context: ActivityContext) => {
  const { key } = context;
  appendFileSync(calls, lineOf(context));
  // So that a kill may come between the effect and its record.
  await nextTurn();
  return { receipt: key };
};

const worker = await serveWorker({
  port: 0,
  register: (it) =>
    it.register(parcelSaga, {
      activities: {
        reserve: call,
        release: call,
        pay: call,
        refund: call,
        pack: call,
        unpack: call,
        ship: async (input, context) => {
          if (isRefused(input.of)) throw new PermanentError('refused', 'no van goes there');
          return call(input, context);
        },
        recall: call,
        findPayment: () => ({ kind: 'unknown' }),
      },
    }),
});
tellPort(worker.port);
