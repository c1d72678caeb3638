/**
 * Takes rows of the inbox: what other transactions ask for becomes turns, each exactly once.
 *
 * A row goes away, or gets its answer, in the commit of the turn it makes, or after that where turns
 * are kept elsewhere; before that it waits, whoever dies. Invariant: rows for one saga are taken in
 * the order of their ids, as far as they are there. What is refused is kept with its reason and holds
 * nobody up; what only finds no room waits, and what stands behind it for the same saga waits with it.
 */
import type { EventObject } from 'xstate';
import { BackstepError, isPassing } from '../../core/errors.ts';
import type { OperatorCommand } from '../../core/turn/inbound.ts';
import type { InboxRow } from '../../store/queries/inbox.ts';
import type { Store } from '../../store/store.ts';
import type { SpawnOptions } from '../backstep.ts';
import type { CancelTimeout, Clock } from '../clock.ts';
import type { SendOptions } from '../saga-handle.ts';
import type { Logger } from '../turn-log.ts';
import type { InboxAnswer, InboxRefusal } from './inbox-answer.ts';
import { refusalOfError } from '../refusal.ts';
import { orderOf } from './inbox-order.ts';

/** Rows read at once. */
const PAGE_SIZE = 128;
/** Rows under way at most. */
const MAX_UNDER_WAY = 512;
/** When something is tried again that found no room, or could not be read. */
const RETRY_MS = 1_000;
/** Between two looks for old answers, and for old refused rows, while there are any. */
const CLEAR_ANSWERS_MS = 600_000;
const CLEAR_REFUSED_MS = 86_400_000;
/** How long an answer waits for the process that asked. */
const ANSWER_KEPT_MS = 600_000;
/** How long a refused row is kept. */
const REFUSED_KEPT_MS = 30 * 86_400_000;
/** Refused rows that are kept at most. */
const REFUSED_KEPT = 10_000;

/** What this needs of the engine. */
export interface InboxPorts {
  readonly store: Pick<Store, 'inbox' | 'onNews' | 'write'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  /** Whether work is taken on. */
  isAccepting(): boolean;
  /** These give what the row is still to be settled with; `null`: it was, in the commit of the turn. */
  start(row: InboxRow, type: string, options: SpawnOptions): Promise<InboxAnswer | null>;
  send(
    row: InboxRow,
    id: string,
    event: EventObject,
    options: SendOptions,
  ): Promise<InboxAnswer | null>;
  command(
    row: InboxRow,
    id: string,
    command: OperatorCommand,
    expectedVersion: number | null,
  ): Promise<InboxAnswer | null>;
  /** What is the owner's and of no saga; at least once. */
  work(name: string, given: unknown): Promise<unknown>;
}

export class Inbox {
  readonly #ports: InboxPorts;
  readonly #underWay = new Set<number>();
  /** Dealt with since the last read began: it may still show them. */
  #fresh = new Set<number>();
  /** The last row under way of each saga. */
  readonly #tails = new Map<string, Promise<void>>();
  /** Sagas, and types to start, that find no room just now. */
  readonly #held = new Set<string>();
  readonly #onRoom: (() => void)[] = [];
  #isLooking = false;
  #mustLookAgain = false;
  #isOpen = false;
  #cancelRetry: CancelTimeout | null = null;
  #cancelClearing: CancelTimeout | null = null;
  /** After how long it is looked for old rows; `Infinity`: it is not. */
  #clearingMs = Infinity;
  #stopWatching = (): void => {};
  #takenRows = 0;
  #refusedRows = 0;

  constructor(ports: InboxPorts) {
    this.#ports = ports;
  }

  /** Rows that became turns, or found that there was nothing to do, since the start. */
  get takenRows(): number {
    return this.#takenRows;
  }

  get refusedRows(): number {
    return this.#refusedRows;
  }

  /** Takes what is there, and from now on what comes. */
  start(): void {
    this.#isOpen = true;
    this.#stopWatching = this.#ports.store.onNews(() => this.#look());
    this.#look();
    void this.#clear();
  }

  /** Takes nothing new. What is under way ends as any other work does. */
  stop(): void {
    this.#isOpen = false;
    this.#stopWatching();
    this.#cancelRetry?.();
    this.#cancelClearing?.();
    this.#tellRoom();
  }

  #look(): void {
    this.#mustLookAgain = true;
    if (!this.#isLooking) void this.#lookAll();
  }

  async #lookAll(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#mustLookAgain && this.#isOpen) {
        this.#mustLookAgain = false;
        await this.#round();
      }
    } catch (err) {
      this.#ports.log.error({ err }, 'the inbox could not be read; trying again');
      this.#lookLater();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Goes once through all that waits. */
  async #round(): Promise<void> {
    for (let afterId = 0; ;) {
      await this.#room();
      if (!this.#isOpen) return;
      this.#fresh = new Set();
      const page = await this.#ports.store.inbox.waiting(afterId, PAGE_SIZE);
      for (const row of page) this.#take(row);
      const last = page.at(-1);
      if (last === undefined) return;
      afterId = last.id;
    }
  }

  async #room(): Promise<void> {
    while (this.#isOpen && this.#underWay.size > MAX_UNDER_WAY - PAGE_SIZE) {
      await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    }
  }

  #tellRoom(): void {
    for (const tell of this.#onRoom.splice(0)) tell();
  }

  #take(row: InboxRow): void {
    const { id, kind, target } = row;
    if (this.#underWay.has(id) || this.#fresh.has(id)) return;
    const group = `${kind === 'start' ? 'type' : 'saga'} ${target}`;
    if (this.#held.has(group)) return;
    this.#underWay.add(id);
    const before = kind === 'start' ? undefined : this.#tails.get(group);
    const work =
      before === undefined ? this.#dealWith(row, group) : this.#after(before, row, group);
    const tail = work.then(() => {
      if (this.#tails.get(group) === tail) this.#tails.delete(group);
      this.#underWay.delete(id);
      if (this.#underWay.size <= MAX_UNDER_WAY - PAGE_SIZE) this.#tellRoom();
    });
    if (kind !== 'start') this.#tails.set(group, tail);
  }

  async #after(before: Promise<void>, row: InboxRow, group: string): Promise<void> {
    await before;
    await this.#dealWith(row, group);
  }

  /** Never rejects. */
  async #dealWith(row: InboxRow, group: string): Promise<void> {
    if (!this.#isOpen || this.#held.has(group)) return;
    try {
      const left = await this.#carryOut(row);
      if (left !== null) await this.#settle(row, left);
      this.#fresh.add(row.id);
      this.#takenRows += 1;
      if (row.request !== null) this.#armClearing(CLEAR_ANSWERS_MS);
    } catch (error) {
      await this.#refuse(row, group, error);
    }
  }

  /** Gives what is still to be settled; `null`: it was, in the commit of the turn. */
  async #carryOut(row: InboxRow): Promise<InboxAnswer | null> {
    const order = orderOf(row);
    switch (order.kind) {
      case 'start':
        return this.#ports.start(row, order.type, order.options);
      case 'event':
        return this.#ports.send(row, order.sagaId, order.event, order.options);
      case 'command': {
        const { expectedVersion = null } = order.options;
        return this.#ports.command(row, order.sagaId, order.command, expectedVersion);
      }
      case 'work':
        return { kind: 'done', value: await this.#ports.work(order.name, order.given) };
    }
  }

  async #refuse(row: InboxRow, group: string, error: unknown): Promise<void> {
    const { id, kind, target, request } = row;
    if (!this.#ports.isAccepting() || isOfStorage(error)) return this.#hold(group);
    // Whoever waits for an answer is told at once that there is no room.
    if (isPassing(error) && request === null) return this.#hold(group);
    const answer: InboxRefusal = { kind: 'refused', ...refusalOfError(error) };
    try {
      const isSettled = await this.#settle({ ...row, request: request ?? '' }, answer);
      this.#fresh.add(id);
      if (!isSettled) return; // whoever asked has taken it back
      this.#armClearing(request === null ? CLEAR_REFUSED_MS : CLEAR_ANSWERS_MS);
      if (request !== null) return;
      this.#refusedRows += 1;
      const { code, message } = answer;
      this.#ports.log.warn({ id, kind, target, code, message }, 'a row of the inbox was refused');
    } catch (err) {
      this.#ports.log.error({ id, err }, 'a row of the inbox could not be settled; trying again');
      this.#hold(group);
    }
  }

  /** True when the row was there. */
  async #settle({ id, request }: InboxRow, answer: InboxAnswer): Promise<boolean> {
    const { store, clock } = this.#ports;
    const text = request === null ? null : JSON.stringify(answer);
    const outcome = await store.write([store.inbox.settling(id, text, clock.nowMs())]);
    if (outcome.kind !== 'committed') throw new BackstepError('conflict', outcome.message);
    return outcome.changes[0] === 1;
  }

  #hold(group: string): void {
    this.#held.add(group);
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#cancelRetry !== null || !this.#isOpen) return;
    this.#cancelRetry = this.#ports.clock.after(RETRY_MS, () => {
      this.#cancelRetry = null;
      this.#held.clear();
      this.#look();
    });
  }

  #armClearing(delayMs: number): void {
    if (!this.#isOpen || delayMs >= this.#clearingMs) return;
    this.#cancelClearing?.();
    this.#clearingMs = delayMs;
    this.#cancelClearing = this.#ports.clock.after(delayMs, () => {
      this.#clearingMs = Infinity;
      void this.#clear();
    });
  }

  /** Removes settled rows that are old; looks again later as long as there are any. */
  async #clear(): Promise<void> {
    const { store, clock, log } = this.#ports;
    let delayMs = CLEAR_ANSWERS_MS;
    try {
      const { refused, answers } = await store.inbox.figures();
      if (refused + answers === 0) return;
      if (answers === 0) delayMs = CLEAR_REFUSED_MS;
      const nowMs = clock.nowMs();
      const age = {
        answeredBeforeMs: nowMs - ANSWER_KEPT_MS,
        refusedBeforeMs: nowMs - REFUSED_KEPT_MS,
        refusedKept: REFUSED_KEPT,
      };
      await store.write(store.inbox.clearing(age));
    } catch (err) {
      log.error({ err }, 'settled rows of the inbox could not be removed; trying again');
    }
    this.#armClearing(delayMs);
  }
}

function isOfStorage(error: unknown): boolean {
  return error instanceof BackstepError && error.code === 'storage-failed';
}
