/**
 * The thread that lays out graphs: elkjs is loaded there once, with the first graph, and unloaded
 * after a while without any.
 *
 * Invariant: it never keeps the process alive, and what one graph does to it is not felt by the
 * next: a graph that hangs takes the thread along, and the next one gets a new one.
 */
import type { Worker } from 'node:worker_threads';
import type { ElkNode } from 'elkjs/lib/elk-api.js';
import { startWorker } from '../../../store/worker-url.ts';
import type { LayoutAnswer, LayoutRequest } from './layout-worker.ts';

/** Longest that a layout may take, those before it included, before its page goes without. */
const TIMEOUT_MS = 30_000;
/** Without work for so long, the thread gives its memory back. */
const IDLE_MS = 30_000;

interface Waiting {
  resolve(graph: ElkNode): void;
  reject(error: unknown): void;
  readonly timeout: NodeJS.Timeout;
}

export class LayoutThread {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  /** The graph with places. Rejects when it has none, or takes too long. */
  layOut(graph: ElkNode): Promise<ElkNode> {
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#start());
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(
        () => this.#end(worker, new Error(`a layout took longer than ${TIMEOUT_MS} ms`)),
        TIMEOUT_MS,
      );
      this.#waiting.set(id, { resolve, reject, timeout: timeout.unref() });
      worker.postMessage({ id, graph } satisfies LayoutRequest);
    });
  }

  /** Ends the thread; a later layout starts another. */
  stop(): void {
    clearTimeout(this.#idle);
    if (this.#worker !== null) this.#end(this.#worker, new Error('the server stops'));
  }

  #start(): Worker {
    const worker = startWorker('layout-worker', import.meta.url);
    worker.on('message', (answer: LayoutAnswer) => this.#take(answer));
    worker.on('error', (error) => this.#end(worker, error));
    worker.unref(); // at last: who listens for messages waits for them
    return worker;
  }

  #take(answer: LayoutAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timeout);
    if ('graph' in answer) waiting.resolve(answer.graph);
    else waiting.reject(new Error(answer.problem));
    if (this.#waiting.size > 0) return;
    const worker = this.#worker;
    if (worker !== null) this.#idle = setTimeout(() => this.#end(worker, null), IDLE_MS).unref();
  }

  /** Ends a thread, and with `error` everything that waits for it. */
  #end(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    void worker.terminate();
    for (const { reject, timeout } of this.#waiting.values()) {
      clearTimeout(timeout);
      reject(error);
    }
    this.#waiting.clear();
  }
}
