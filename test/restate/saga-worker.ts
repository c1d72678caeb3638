/** A worker of sagas as a process of its own, for trying what becomes of sagas when it is killed. */
import { serveWorker } from '../../src/restate/worker.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { tellPort } from './worker-process.ts';

const receipt = { receipt: 'r' };
const done = () => receipt;

const worker = await serveWorker({
  port: 0,
  register: ({ register }) =>
    register(parcelSaga, {
      activities: {
        reserve: done,
        release: done,
        pay: done,
        refund: done,
        pack: done,
        unpack: done,
        ship: done,
        recall: done,
        findPayment: () => ({ kind: 'unknown' }),
      },
    }),
});
tellPort(worker.port);
