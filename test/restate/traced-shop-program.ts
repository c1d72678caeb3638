/** The face of the traced shop on Restate, as a process of its own. Its settings come as JSON. */
import { openRestateBackstep } from '../../src/restate/face/open-restate.ts';
import { serveBackstep } from '../../src/server.ts';
import { exportSpans } from '../fixtures/export-spans.ts';
import { shopActivities, shopSaga } from '../fixtures/shop-saga.ts';
import type { FaceSettings } from './face-program.ts';
import { tellPort } from './worker-process.ts';

const [collector = '', given = '{}'] = process.argv.slice(2);

exportSpans(collector);
const backstep = await openRestateBackstep({
  ...(JSON.parse(given) as FaceSettings),
  tracing: true,
});
backstep.register(shopSaga, { activities: shopActivities('') });
const server = await serveBackstep({ backstep, port: 0 });
await backstep.start();
tellPort(Number(new URL(server.url).port));
