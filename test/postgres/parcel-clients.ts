/**
 * Clients of several processes: they ask any of them, and where the answer stays away, or says that
 * it is not known, they ask another one under the same key.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** As long as a client waits for one process. */
const PATIENCE_MS = 3_000;
/** Before a client asks again, so that it does not take the time that is needed to go on. */
const AGAIN_AFTER_MS = 30;
const LINES_EACH = 3;
/** Of so many parcels one is paused and resumed. */
const PAUSED_EVERY = 3;

/** A parcel as its client knows it. */
export interface SentParcel {
  readonly name: string;
  /** Under which it was acknowledged. */
  id: string;
  /** Acknowledged, in order. */
  readonly lines: string[];
  /** Commands that are known to be done, in order. */
  readonly commands: string[];
  isClosed: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class ParcelClients {
  /** Every parcel whose start was acknowledged. */
  readonly sent: SentParcel[] = [];
  acknowledged = 0;
  /** Requests that ended without an answer that says what came of them. */
  unanswered = 0;
  readonly #urls: () => readonly string[];
  readonly #onAnswer: () => void;
  readonly #pick: (count: number) => number;
  readonly #lanes: Promise<unknown>;
  #isStopping = false;

  /** `urls`: who can be asked; `pick`: an index below that count. */
  constructor(options: {
    readonly urls: () => readonly string[];
    readonly pick: (count: number) => number;
    readonly onAnswer: () => void;
    readonly lanes: number;
  }) {
    this.#urls = options.urls;
    this.#pick = options.pick;
    this.#onAnswer = options.onAnswer;
    const lanes = Array.from({ length: options.lanes }, (_, lane) => this.#work(lane));
    this.#lanes = Promise.all(lanes);
    this.#lanes.catch(() => {}); // told by `stop`
  }

  /** Resolves once every client has sent its last parcel. Rejects with what one was refused with. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#lanes;
  }

  /** Rejects when a client was refused what must not be. */
  get failed(): Promise<never> {
    return this.#lanes.then(() => new Promise<never>(() => {}));
  }

  /** What any of them answers; never "not now". */
  async ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    for (;;) {
      const answer = await this.#askOnce(method, path, body);
      if (answer !== null) return answer;
      this.unanswered += 1;
      await pause(AGAIN_AFTER_MS);
    }
  }

  async #askOnce(method: string, path: string, body?: object): Promise<Answer | null> {
    const urls = this.#urls();
    const url = urls[this.#pick(urls.length)];
    if (url === undefined) return null;
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as Answer['body'];
      if (response.status === 429 || response.status === 503) return null;
      return { status: response.status, body: answer };
    } catch {
      return null; // it was killed, hangs, or has just been started
    }
  }

  async #work(lane: number): Promise<void> {
    for (let number = 1; !this.#isStopping; number += 1) {
      const name = `${lane}-${number}`;
      const start = { input: { name }, key: name };
      const started = await this.#order('/api/sagas/parcel', start);
      const id = String(started['id']);
      const parcel: SentParcel = { name, id, lines: [], commands: [], isClosed: false };
      this.sent.push(parcel);
      let seq = 1;
      for (let count = 1; count <= LINES_EACH; count += 1) {
        const line = `${name}/${count}`;
        const event = { id: line, type: 'write', line };
        seq = Number((await this.#order(`/api/sagas/${id}/events`, event))['seq']);
        parcel.lines.push(line);
      }
      if (number % PAUSED_EVERY === 0) {
        seq = await this.#command(parcel, seq, 'pause', 'paused');
        await this.#command(parcel, seq, 'resume', 'waiting');
      }
      await this.#order(`/api/sagas/${id}/events`, { id: `${name}/close`, type: 'close' });
      parcel.isClosed = true;
    }
  }

  /** Takes an acknowledgement and nothing else. */
  async #order(path: string, body: object): Promise<Answer['body']> {
    const answer = await this.ask('POST', path, body);
    if (answer.status !== 202 && answer.status !== 200) {
      throw new Error(`${path} ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
    }
    this.#note();
    return answer.body;
  }

  /** Gives the seq of the saga after it. A command has no key: what makes it one is the version. */
  async #command(parcel: SentParcel, seq: number, command: string, status: string) {
    const path = `/api/sagas/${parcel.id}`;
    for (let expectedVersion = seq; ;) {
      const answer = await this.ask('POST', `${path}/commands`, { command, expectedVersion });
      const isDone = answer.status === 202;
      if (!isDone && answer.status !== 409) throw new Error(JSON.stringify(answer));
      const { body } = isDone ? answer : await this.ask('GET', path);
      expectedVersion = Number(body['seq']);
      // One that is refused may have been done when it was asked for before.
      if (!isDone && body['status'] !== status) continue;
      parcel.commands.push(command);
      this.#note();
      return expectedVersion;
    }
  }

  #note(): void {
    this.acknowledged += 1;
    this.#onAnswer();
  }
}
