/**
 * Attempts that wait for a place, in two lines, each first come, first served: those of sagas that
 * nobody set going just now, and the others. Both lines get every second place, so that neither waits
 * behind thousands of the other.
 */

export class AttemptLine<Task> {
  readonly #foreground = new Map<string, Task>();
  readonly #background = new Map<string, Task>();
  #isBackgroundNext = false;

  get size(): number {
    return this.#foreground.size + this.#background.size;
  }

  put(name: string, task: Task, isBackground: boolean): void {
    (isBackground ? this.#background : this.#foreground).set(name, task);
  }

  /** It waits no longer; nothing happens to one that does not. */
  delete(name: string): void {
    this.#foreground.delete(name);
    this.#background.delete(name);
  }

  /** Who gets the next place; `undefined`: nobody waits. */
  take(): readonly [name: string, task: Task] | undefined {
    const lines = [this.#foreground, this.#background];
    if (this.#isBackgroundNext) lines.reverse();
    const line = lines.find(({ size }) => size > 0);
    if (line === undefined) return undefined;
    this.#isBackgroundNext = line === this.#foreground;
    for (const first of line) {
      line.delete(first[0]);
      return first;
    }
    return undefined;
  }

  /** Nobody waits any more; gives those who did. */
  clear(): readonly Task[] {
    const left = [...this.#foreground.values(), ...this.#background.values()];
    this.#foreground.clear();
    this.#background.clear();
    return left;
  }
}
