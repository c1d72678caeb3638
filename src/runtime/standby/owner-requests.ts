/**
 * What a process that does not own the database asks of the one that does: a row of the inbox each,
 * with an id of its own, whose answer is written in the commit of the turn.
 *
 * Invariant: what is given up was taken back first, so it was not done and never will be; or nobody
 * knows, and the error says so. An owner that dies leaves the row to the next one.
 */
import { randomUUID } from 'node:crypto';
import { BackstepError } from '../../core/errors.ts';
import type { InboxRequest } from '../../store/queries/inbox.ts';
import { MAX_INBOX_PAYLOAD } from '../../store/queries/inbox-rows.ts';
import type { Store } from '../../store/store.ts';
import type { CancelTimeout, Clock } from '../../host/clock.ts';
import { type InboxAnswer, type InboxRefusal, parseAnswer } from '../../host/inbox/inbox-answer.ts';
import { errorOfRefusal } from '../../host/refusal.ts';
import type { Logger } from '../../host/turn-log.ts';

/** How long an owner may take to answer; a take-over fits into it. */
const ANSWER_LIMIT_MS = 10_000;
/** Between two looks for answers when nothing is heard. */
const LOOK_MS = 250;
/** Requests that wait at most. */
const MAX_WAITING = 1_000;
/** Rows that are written at once. */
const MAX_ROWS = 100;
const RETRY_AFTER_MS = 2_000;

/** A request without what is made here. */
export type Asked = Omit<InboxRequest, 'request'>;

/** What the owner answers when it does not refuse. */
export type Answer = Exclude<InboxAnswer, InboxRefusal>;

interface Waiting {
  readonly row: InboxRequest;
  readonly resolve: (answer: InboxAnswer) => void;
  readonly reject: (error: unknown) => void;
  cancelLimit: CancelTimeout;
}

export interface RequestPorts {
  readonly store: Pick<Store, 'inbox' | 'outside' | 'onNews'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

export class OwnerRequests {
  readonly #ports: RequestPorts;
  /** By request. */
  readonly #waiting = new Map<string, Waiting>();
  #unwritten: Waiting[] = [];
  /** Requests whose answers were taken and still are in the inbox. */
  readonly #answered = new Set<string>();
  #isWriting = false;
  #isLooking = false;
  #mustLookAgain = false;
  #cancelLook: CancelTimeout | null = null;
  #stopListening: (() => void) | null = null;

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  /**
   * Asks the owner, and gives its answer. Throws what it refused with, `overloaded` where too much
   * waits, `too-large`, and `unavailable` where no owner answers.
   */
  async ask(asked: Asked): Promise<Answer> {
    if (this.#waiting.size >= MAX_WAITING) {
      const message = `${MAX_WAITING} requests wait for the owner of the database`;
      throw new BackstepError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS });
    }
    if (asked.payload.length > MAX_INBOX_PAYLOAD) {
      const message = `a standby takes at most ${MAX_INBOX_PAYLOAD} characters of JSON`;
      throw new BackstepError('too-large', message);
    }
    const answer = await new Promise<InboxAnswer>((resolve, reject) => {
      const row = { ...asked, request: randomUUID() };
      const cancelLimit = this.#ports.clock.after(
        ANSWER_LIMIT_MS,
        () => void this.#giveUp(row.request),
      );
      const waiting = { row, resolve, reject, cancelLimit };
      this.#waiting.set(row.request, waiting);
      this.#unwritten.push(waiting);
      void this.#write();
    });
    if (answer.kind === 'refused') throw errorOfRefusal(answer);
    return answer;
  }

  /** Nobody is answered any more. What was written is left to the owner. */
  stop(): void {
    this.#cancelLook?.();
    this.#stopListening?.();
    this.#answered.clear(); // the owner removes them when they are old
    for (const request of this.#waiting.keys()) this.#fail(request, unknownOutcome('is stopping'));
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#unwritten.length > 0) {
      const some = this.#unwritten.splice(0, MAX_ROWS);
      const { inbox, outside } = this.#ports.store;
      try {
        await outside(inbox.asking(some.map(({ row }) => row)));
        this.#listen();
      } catch (error) {
        this.#ports.log.warn({ err: error }, 'the owner of the database could not be asked');
        for (const { row } of some) this.#fail(row.request, unknownOutcome('cannot be reached'));
      }
    }
    this.#isWriting = false;
  }

  #listen(): void {
    this.#stopListening ??= this.#ports.store.onNews(() => this.#look());
    this.#lookLater();
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#ports.clock.after(LOOK_MS, () => {
      this.#cancelLook = null;
      this.#look();
    });
  }

  #look(): void {
    this.#mustLookAgain = true;
    if (!this.#isLooking) void this.#lookForAnswers();
  }

  async #lookForAnswers(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#mustLookAgain && this.#isNeeded) {
        this.#mustLookAgain = false;
        const { inbox, outside } = this.#ports.store;
        const requests = [...this.#waiting.keys()];
        const found = requests.length === 0 ? [] : await inbox.answers(requests);
        for (const { request, answer } of found) this.#take(request, answer);
        const answered = [...this.#answered];
        if (answered.length === 0) continue;
        await outside(inbox.forgetting(answered));
        for (const request of answered) this.#answered.delete(request);
      }
    } catch (err) {
      this.#ports.log.warn({ err }, 'answers of the owner could not be read; trying again');
    } finally {
      this.#isLooking = false;
      if (this.#isNeeded) this.#lookLater();
    }
  }

  /** Something waits for an answer, or an answer to go. */
  get #isNeeded(): boolean {
    return this.#waiting.size + this.#answered.size > 0;
  }

  #take(request: string, answer: string): void {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return;
    this.#waiting.delete(request);
    waiting.cancelLimit();
    this.#answered.add(request);
    this.#lookLater();
    try {
      waiting.resolve(parseAnswer(answer));
    } catch (error) {
      waiting.reject(error); // a row that somebody edited
    }
  }

  /** Takes a request back; where that comes too late its answer is there. */
  async #giveUp(request: string): Promise<void> {
    const { inbox, outside } = this.#ports.store;
    try {
      if ((await outside(inbox.takingBack(request))) > 0) {
        const message =
          'no owner of the database answered in time, and nothing was done; try again with the same key';
        this.#fail(request, unavailable(message));
        return;
      }
      const [found] = await inbox.answers([request]);
      if (found !== undefined) this.#take(request, found.answer);
      else this.#fail(request, unknownOutcome('did not answer'));
    } catch {
      this.#fail(request, unknownOutcome('cannot be reached'));
    }
  }

  #fail(request: string, error: BackstepError): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    waiting?.cancelLimit();
    waiting?.reject(error);
  }
}

function unknownOutcome(what: string): BackstepError {
  const who = what === 'is stopping' ? 'this process' : 'the owner of the database';
  return unavailable(`${who} ${what}, and the outcome is not known; ask again with the same key`);
}

function unavailable(message: string): BackstepError {
  return new BackstepError('unavailable', message, { retryAfterMs: RETRY_AFTER_MS });
}
