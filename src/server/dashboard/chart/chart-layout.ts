/**
 * Where the states and transitions of a chart are drawn: laid out once for each way to look at a
 * definition, in a thread of its own, because it takes long and the engine shares this one.
 *
 * Invariant: one layout per look, however many pages ask for it at the same time.
 */
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { type Chart, chartOf } from '../../../explain/chart.ts';
import { type FoldedChart, foldedChart } from '../../../explain/folded-chart.ts';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { graphOf } from '../../../drawing/chart-graph.ts';
import type { ChartLook } from './chart-look.ts';
import { LayoutThread } from './layout-thread.ts';

/** A chart, what of it is closed, and where it is drawn. */
export interface LaidChart extends FoldedChart {
  readonly graph: ElkNode;
  /** Folding changes something, so that there are two ways to look at it. */
  readonly canFold: boolean;
}

type Look = Pick<ChartLook, 'isWhole' | 'open'>;

/** Layouts kept for each definition; the one asked for first is dropped first. */
const MAX_KEPT = 16;
const CLOSED: Look = { isWhole: false, open: new Set() };

export class ChartLayouts {
  readonly #byDefinition = new WeakMap<SagaDefinition, Map<string, Promise<LaidChart>>>();
  readonly #thread: Pick<LayoutThread, 'layOut' | 'stop'>;
  #isWarm = false;

  constructor(thread: Pick<LayoutThread, 'layOut' | 'stop'> = new LayoutThread()) {
    this.#thread = thread;
  }

  /** The laid out chart of a definition. Rejects when it cannot be laid out; then tried again. */
  of(definition: SagaDefinition, look: Look = CLOSED): Promise<LaidChart> {
    const whole = chartOf(definition);
    const folded = foldedChart(whole, look.open);
    // What cannot be opened asks for no layout of its own.
    const isOpen = [...folded.folds].filter(([, fold]) => fold === 'open').map(([path]) => path);
    const key = look.isWhole ? 'whole' : isOpen.join('\n');
    const kept = this.#keptOf(definition);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const work = this.#layOut(whole, folded, look.isWhole);
    const [oldest] = kept.keys();
    if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, work);
    work.catch(() => kept.delete(key));
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

  #keptOf(definition: SagaDefinition): Map<string, Promise<LaidChart>> {
    const known = this.#byDefinition.get(definition);
    if (known !== undefined) return known;
    const kept = new Map<string, Promise<LaidChart>>();
    this.#byDefinition.set(definition, kept);
    return kept;
  }

  async #layOut(chart: Chart, folded: FoldedChart, isWhole: boolean): Promise<LaidChart> {
    const canFold = folded.folds.size > 0;
    if (canFold && !isWhole) {
      return {
        ...folded,
        canFold,
        graph: await this.#thread.layOut(graphOf(folded.chart, 'narrow')),
      };
    }
    const graph = await this.#thread.layOut(graphOf(chart, 'wide'));
    return { chart, folds: new Map(), standIns: new Map(), canFold, graph };
  }
}
