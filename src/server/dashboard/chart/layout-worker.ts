/**
 * The thread's own side of `layout-thread.ts`: gets graphs, answers each with it laid out, or with
 * why it cannot be.
 */
import { parentPort } from 'node:worker_threads';
import elk from 'elkjs/lib/elk.bundled.js';
import type { ElkNode } from 'elkjs/lib/elk-api.js';

/** A graph to lay out; the answer has its id. */
export interface LayoutRequest {
  readonly id: number;
  readonly graph: ElkNode;
}

/** What came of it. */
export type LayoutAnswer =
  | { readonly id: number; readonly graph: ElkNode }
  | { readonly id: number; readonly problem: string };

const layouts = new elk.default();

parentPort?.on('message', ({ id, graph }: LayoutRequest) => {
  const answer = (given: LayoutAnswer): void => parentPort?.postMessage(given);
  layouts.layout(graph).then(
    (laid) => answer({ id, graph: laid }),
    (error: unknown) => answer({ id, problem: String(error) }),
  );
});
