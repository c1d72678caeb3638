/**
 * Due times in order: a binary heap beside a map, so that a later due time replaces an earlier one
 * without a search. What was replaced stays in the heap until it surfaces or the heap is rebuilt.
 */

interface Due {
  readonly sid: number;
  readonly dueMs: number;
}

/** Outdated entries tolerated beyond as many as there are valid ones. */
const MAX_OUTDATED = 1_024;

export class DueHeap {
  readonly #dueMs = new Map<number, number>();
  #heap: Due[] = [];

  get size(): number {
    return this.#dueMs.size;
  }

  has(sid: number): boolean {
    return this.#dueMs.has(sid);
  }

  /** The earliest due time, outdated ones included; `Infinity` when there is none. */
  get earliestMs(): number {
    return this.#heap[0]?.dueMs ?? Infinity;
  }

  set(sid: number, dueMs: number): void {
    if (this.#dueMs.get(sid) === dueMs) return;
    this.#dueMs.set(sid, dueMs);
    push(this.#heap, { sid, dueMs });
    this.#compact();
  }

  delete(sid: number): void {
    if (this.#dueMs.delete(sid)) this.#compact();
  }

  /** Takes the earliest one that is due; `null` when none is. */
  takeDue(nowMs: number): number | null {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.dueMs > nowMs) return null;
      pop(this.#heap);
      if (this.#dueMs.get(next.sid) !== next.dueMs) continue;
      this.#dueMs.delete(next.sid);
      return next.sid;
    }
    return null;
  }

  // Every saga that ends before its deadline leaves an outdated entry, so they must not pile up.
  #compact(): void {
    if (this.#heap.length <= 2 * this.#dueMs.size + MAX_OUTDATED) return;
    this.#heap = Array.from(this.#dueMs, ([sid, dueMs]) => ({ sid, dueMs }));
    this.#heap.sort((a, b) => a.dueMs - b.dueMs); // a sorted array is a heap
  }
}

function push(heap: Due[], due: Due): void {
  let index = heap.length;
  heap.push(due);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || parent.dueMs <= due.dueMs) break;
    heap[index] = parent;
    heap[parentIndex] = due;
    index = parentIndex;
  }
}

function pop(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    if (left === undefined) break;
    const isRightSmaller = right !== undefined && right.dueMs < left.dueMs;
    const smaller = isRightSmaller ? right : left;
    if (smaller.dueMs >= last.dueMs) break;
    heap[index] = smaller;
    index = 2 * index + (isRightSmaller ? 2 : 1);
  }
  heap[index] = last;
}
