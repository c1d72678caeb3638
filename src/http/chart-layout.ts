/**
 * Where the states and transitions of a chart are drawn: laid out once per definition, in a thread
 * of its own, because it takes long and the engine shares this one.
 *
 * Invariant: one layout per definition, however many pages ask for it at the same time.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { type Chart, chartOf } from '../core/chart.ts';
import type { SagaDefinition } from '../core/definition.ts';
import { workerUrl } from '../store/worker-url.ts';
import { graphOf } from './chart-graph.ts';

/** Longest a layout may take before its page goes without. */
const LAYOUT_TIMEOUT_MS = 20_000;

/** A chart and where it is drawn. */
export interface LaidChart {
  readonly chart: Chart;
  readonly graph: ElkNode;
}

export class ChartLayouts {
  readonly #byDefinition = new WeakMap<SagaDefinition, Promise<LaidChart>>();

  /** The laid out chart of a definition. Rejects when it cannot be laid out; then tried again. */
  of(definition: SagaDefinition): Promise<LaidChart> {
    const known = this.#byDefinition.get(definition);
    if (known !== undefined) return known;
    const work = layOut(definition);
    this.#byDefinition.set(definition, work);
    work.catch(() => this.#byDefinition.delete(definition));
    return work;
  }
}

async function layOut(definition: SagaDefinition): Promise<LaidChart> {
  const chart = chartOf(definition);
  const worker = new Worker(workerUrl('layout-worker', import.meta.url), {
    workerData: graphOf(chart),
  });
  try {
    const signal = AbortSignal.timeout(LAYOUT_TIMEOUT_MS);
    const [graph] = (await once(worker, 'message', { signal })) as [ElkNode];
    return { chart, graph };
  } finally {
    await worker.terminate();
  }
}
