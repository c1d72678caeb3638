/**
 * The thread that lays out one chart: gets the graph, answers with it laid out, and is ended.
 */
import { parentPort, workerData } from 'node:worker_threads';
import elk from 'elkjs/lib/elk.bundled.js';
import type { ElkNode } from 'elkjs/lib/elk-api.js';

const graph = workerData as ElkNode;
parentPort?.postMessage(await new elk.default().layout(graph));
