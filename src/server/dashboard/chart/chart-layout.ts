/**
 * Where the states and transitions of a chart are drawn: laid out once per definition, in a thread
 * of its own, because it takes long and the engine shares this one.
 *
 * Invariant: one layout per definition, however many pages ask for it at the same time.
 */
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { type Chart, chartOf } from '../../../explain/chart.ts';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { graphOf } from './chart-graph.ts';
import { LayoutThread } from './layout-thread.ts';

/** A chart and where it is drawn. */
export interface LaidChart {
  readonly chart: Chart;
  readonly graph: ElkNode;
}

export class ChartLayouts {
  readonly #byDefinition = new WeakMap<SagaDefinition, Promise<LaidChart>>();
  readonly #thread: Pick<LayoutThread, 'layOut' | 'stop'>;
  #isWarm = false;

  constructor(thread: Pick<LayoutThread, 'layOut' | 'stop'> = new LayoutThread()) {
    this.#thread = thread;
  }

  /** The laid out chart of a definition. Rejects when it cannot be laid out; then tried again. */
  of(definition: SagaDefinition): Promise<LaidChart> {
    const known = this.#byDefinition.get(definition);
    if (known !== undefined) return known;
    const work = this.#layOut(definition);
    this.#byDefinition.set(definition, work);
    work.catch(() => this.#byDefinition.delete(definition));
    return work;
  }

  /**
   * Lays out in the background what nobody asked for yet, the first time that it is called. One
   * after the other, so that whoever asks meanwhile waits for one of them at most.
   */
  async warm(definitions: () => readonly SagaDefinition[]): Promise<void> {
    if (this.#isWarm) return;
    this.#isWarm = true;
    for (const definition of definitions()) {
      await this.of(definition).catch(() => {}); // the page that shows it tells
    }
  }

  /** Ends the thread. */
  stop(): void {
    this.#thread.stop();
  }

  async #layOut(definition: SagaDefinition): Promise<LaidChart> {
    const chart = chartOf(definition);
    return { chart, graph: await this.#thread.layOut(graphOf(chart)) };
  }
}
