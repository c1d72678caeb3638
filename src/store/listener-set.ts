/** Who is told of something, in the order in which they came. */
export class ListenerSet<Message> {
  readonly #listeners = new Set<(message: Message) => void>();

  /** Returns the way to stop listening. */
  add(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(message: Message): void {
    for (const listener of this.#listeners) listener(message);
  }
}
