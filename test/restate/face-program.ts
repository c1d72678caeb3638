/**
 * The face of sagas on Restate as a process of its own, with its pages and API: what a projector is to
 * whoever kills it. Its settings come as JSON.
 */
import type { RestateOptions } from '../../src/restate/face/open-restate.ts';
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import { serveBackstep } from '../../src/server.ts';
import { parcelSaga } from '../conformance/sagas.ts';
import { onceSaga } from './deadly-parcels.ts';
import { tellPort } from './worker-process.ts';

/** What it opens. */
export type FaceSettings = Pick<RestateOptions, 'ingress' | 'admin' | 'listen' | 'database'>;

const [given = '{}'] = process.argv.slice(2);
const backstep = await openRestateBackstep({
  ...(JSON.parse(given) as FaceSettings),
  verifyAtRegistration: 'off',
});
const never = () => Promise.reject(new Error('no saga runs here'));
for (const saga of [parcelSaga, onceSaga] as const) {
  const activities = Object.fromEntries(saga.activities.map((name) => [name, never]));
  backstep.register<object>(saga, { activities });
}
const server = await serveBackstep({ backstep, port: 0, requestsPerSecond: null });
tellPort(Number(new URL(server.url).port));
await backstep.start();
