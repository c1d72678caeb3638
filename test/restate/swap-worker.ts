/**
 * A worker of parcels as a process of its own, of a build that its arguments name: each call of an
 * activity is written to a file with that name, before it answers.
 */
import { appendFileSync } from 'node:fs';
import { serveWorker } from '../../src/restate/worker.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { tellPort } from './worker-process.ts';

const [calls = '', build = ''] = process.argv.slice(2);

const call = ({ of }: { readonly of: string }, { key }: { readonly key: string }) => {
  appendFileSync(calls, `${build} ${key}\n`);
  return { receipt: of };
};

const worker = await serveWorker({
  port: 0,
  lateWithin: '500ms',
  register: ({ register }) =>
    register(parcelSaga, {
      activities: {
        reserve: call,
        release: call,
        pay: call,
        refund: call,
        pack: call,
        unpack: call,
        ship: call,
        recall: call,
        findPayment: () => ({ kind: 'unknown' }),
      },
    }),
});
tellPort(worker.port);
