/** A worker of the traced shop on Restate, as a process of its own: killed in the middle by tests. */
import { serveWorker } from '../../src/restate/worker.ts';
import { exportSpans } from '../fixtures/export-spans.ts';
import { shopActivities, shopSaga } from '../fixtures/shop-saga.ts';
import { tellPort } from './worker-process.ts';

const [collector = '', service = ''] = process.argv.slice(2);

exportSpans(collector);
const worker = await serveWorker({
  port: 0,
  tracing: true,
  register: (it) => it.register(shopSaga, { activities: shopActivities(service) }),
});
tellPort(worker.port);
