/** A client of the live feed that goes on at another process where one leaves it. */
import { setTimeout as pause } from 'node:timers/promises';

const AGAIN_AFTER_MS = 30;

export class ParcelFeed {
  /** The global seq of each line, in the order of arrival. */
  readonly seqs: number[] = [];
  /** Lines that are not transitions. */
  readonly others: string[] = [];
  /** How often it had to look for another process. */
  moves = 0;
  readonly #urls: () => readonly string[];
  readonly #pick: (count: number) => number;
  readonly #onLine: () => void;
  #cursor = '0';
  #url = '';
  #leaving = new AbortController();
  #isOver = false;

  constructor(options: {
    readonly urls: () => readonly string[];
    readonly pick: (count: number) => number;
    readonly onLine: () => void;
  }) {
    this.#urls = options.urls;
    this.#pick = options.pick;
    this.#onLine = options.onLine;
    void this.#follow();
  }

  /** As a client does that hears nothing any more from there. */
  leave(url: string | null): void {
    if (this.#url === url) this.#leaving.abort();
  }

  stop(): void {
    this.#isOver = true;
    this.#leaving.abort();
  }

  async #follow(): Promise<void> {
    for (; !this.#isOver; this.moves += 1) {
      const urls = this.#urls();
      this.#url = urls[this.#pick(urls.length)] ?? '';
      this.#leaving = new AbortController();
      try {
        await this.#read();
      } catch {
        // Its process was killed, or is not there yet: the next one goes on.
      }
      if (!this.#isOver) await pause(AGAIN_AFTER_MS);
    }
  }

  async #read(): Promise<void> {
    const { signal } = this.#leaving;
    const response = await fetch(`${this.#url}/api/transitions?since=${this.#cursor}`, { signal });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      return;
    }
    let text = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) this.#take(event);
    }
  }

  #take(event: string): void {
    const [, cursor, data] = /^id: (.*)\ndata: (.*)$/.exec(event) ?? [];
    if (cursor === undefined || data === undefined) return;
    this.#cursor = cursor;
    const { kind } = JSON.parse(data) as { readonly kind: string };
    if (kind === 'resync') this.others.push(data);
    else this.seqs.push(Number(cursor.split('.').at(-1)));
    this.#onLine();
  }
}
