/**
 * The callers from outside: they start orders under a key until one is accepted, start some again,
 * and give the orders of an operator. They believe only what they were answered.
 */
import { BackstepError } from '../../src/core/errors.ts';
import type { CommandName } from '../../src/core/turn/inbound.ts';
import { isEnded, needsPerson } from '../../src/core/status.ts';
import type { Backstep } from '../../src/host/backstep.ts';
import type { Books } from './books.ts';
import type { Chance } from './chance.ts';
import type { Disk, DiskSaga } from './disk.ts';
import { childrenOf, waitsForPerson } from './family-oracles.ts';
import type { Oracles } from './oracles.ts';
import { anyWay, honestly, isDenied } from './person.ts';
import type { SimSaga } from './sim-saga.ts';
import type { SimTime } from './sim-time.ts';
import { isResolved, type StoredStates } from './stored-states.ts';
import type { OracleScene } from './violation.ts';
import type { Caller } from './world.ts';

interface Order {
  readonly key: string;
  readonly input: object;
  state: 'unsent' | 'pending' | 'accepted';
  sagaId: string | null;
  notBeforeMs: number;
}

/** How long a refused caller waits, by the steady time. */
const RETRY_AFTER_MS = 2_000;

/** After so many events nobody asks any more. */
const MAX_TOLD = 8;

export interface ClientOptions {
  readonly saga: SimSaga;
  readonly chance: Chance;
  readonly time: SimTime;
  readonly disk: Disk;
  readonly oracles: Oracles;
  readonly states: StoredStates;
  readonly worldBooks: Books;
  readonly orders: number;
  /** `null`: by chance. */
  readonly quantity: number | null;
}

export class Client {
  readonly #options: ClientOptions;
  readonly #orders: readonly Order[];
  /** How often sagas that are asked again were told something. */
  readonly #told = new Map<string, number>();
  #calls = 0;
  #answers = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#orders = Array.from({ length: options.orders }, (_, index) => {
      const key = `order-${index + 1}`;
      const quantity = options.quantity ?? options.chance.between(`quantity/${key}`, 1, 3);
      return {
        key,
        input: options.saga.inputOf(key, quantity),
        state: 'unsent',
        sagaId: null,
        notBeforeMs: 0,
      };
    });
  }

  /** Changes with every call and answer. */
  get moves(): number {
    return this.#calls + this.#answers;
  }

  get isDone(): boolean {
    return this.#orders.every((order) => order.state === 'accepted');
  }

  get #type(): string {
    return this.#options.saga.definition.id;
  }

  /** Ids of the sagas that wait, as far as anyone can see, for one of the saga's events. */
  waiting(): readonly string[] {
    if (this.#options.saga.events.length === 0) return [];
    return [...this.#options.disk.sagas.values()]
      .filter(({ row, birth }) => row.status === 'waiting' && birth.type === this.#type)
      .map(({ birth }) => birth.id)
      .filter((id) => (this.#told.get(id) ?? 0) < MAX_TOLD);
  }

  /** Sends one of the saga's events; `index` says which. Sent again, it has the same id. */
  tell(sagaId: string, index: number, engine: Backstep, caller: Caller): void {
    const { saga, disk, oracles } = this.#options;
    const event = saga.events[index % saga.events.length];
    if (event === undefined) return;
    this.#told.set(sagaId, (this.#told.get(sagaId) ?? 0) + (saga.isAskedAgain ? 1 : 0));
    const seq = disk.sagas.get(disk.sidOf(sagaId) ?? 0)?.row.seq ?? 0;
    const round = saga.isAskedAgain ? `-at-${seq}` : '';
    const eventId = `${event.type}-of-${sagaId}${round}`;
    this.#ask(engine.saga(sagaId).send(event, { eventId }), caller, {
      answered: () => {
        const isKept = disk.journal.some((line) => line.data.includes(`"${eventId}"`));
        if (!isKept) oracles.fail('event-once', `${eventId} was answered and is not on disk`);
      },
      refused: (error) => {
        if (!(error instanceof BackstepError)) oracles.fail('event-once', String(error));
      },
    });
  }

  /** Keys of the orders that may be sent now. */
  sendable(): readonly string[] {
    const { steadyMs } = this.#options.time;
    return this.#orders
      .filter((order) => order.state === 'unsent' && order.notBeforeMs <= steadyMs)
      .map((order) => order.key);
  }

  /** When the next refused caller tries again; `null` when none waits. */
  nextAtMs(): number | null {
    const { steadyMs } = this.#options.time;
    const waiting = this.#orders
      .filter((order) => order.state === 'unsent' && order.notBeforeMs > steadyMs)
      .map((order) => order.notBeforeMs);
    return waiting.length === 0 ? null : Math.min(...waiting);
  }

  send(key: string, engine: Backstep, caller: Caller): void {
    const order = this.#orders.find((each) => each.key === key);
    if (order === undefined) return;
    order.state = 'pending';
    this.#ask(engine.spawn(this.#type, { input: order.input, key }), caller, {
      answered: ({ id }) => this.#accept(order, id),
      refused: (error) => {
        order.state = 'unsent';
        order.notBeforeMs = this.#options.time.steadyMs + RETRY_AFTER_MS;
        this.#checkRefusal(order, error);
      },
    });
  }

  /** Starts an accepted order once more: the same saga, or with another input a conflict. */
  sendAgain(index: number, isOther: boolean, engine: Backstep, caller: Caller): void {
    const order = this.#orders[index % this.#orders.length];
    if (order === undefined || order.state !== 'accepted') return;
    const input = isOther ? this.#options.saga.inputOf(order.key, 9) : order.input;
    this.#ask(engine.spawn(this.#type, { input, key: order.key }), caller, {
      answered: ({ id }) => {
        if (isOther) this.#options.oracles.fail('start-key', 'another input was accepted');
        this.#accept(order, id);
      },
      refused: (error) => {
        if (!isOther) this.#checkRefusal(order, error);
      },
    });
  }

  /** Gives an operator's order to some saga, or to one of its children; `whose` says which. */
  command(
    { index, whose }: { readonly index: number; readonly whose: number },
    name: CommandName,
    engine: Backstep,
    caller: Caller,
  ): void {
    const order = this.#orders[index % this.#orders.length];
    if (order?.sagaId === null || order === undefined) return;
    const family = [...this.#options.disk.sagas.values()]
      .map(({ birth }) => birth.id)
      .filter((id) => id === order.sagaId || id.startsWith(`${order.sagaId}.`));
    const id = family[Math.floor(whose * family.length)] ?? order.sagaId;
    this.#command(id, name, engine, caller);
  }

  /**
   * Orders a retry of everything that waits for a person. What an operator has terminated nobody
   * can undo any more, so its parent is told to go on without; a pivot that a person has prevented
   * is not tried again. Some families are settled in whatever
   * way is legal at first; `round` counts from 1.
   */
  repair(engine: Backstep, caller: Caller, round: number): number {
    const { saga, chance, disk, states } = this.#options;
    const waiting = [...disk.sagas.values()].filter((each) => isLeftToPerson(states, each));
    for (const each of waiting) {
      const { id } = each.birth;
      const said = saga.isSettledAnyhow ? anyWay(chance, id, round) : null;
      this.#command(id, said ?? this.#whatMends(each), engine, caller);
    }
    return waiting.length;
  }

  #whatMends({ row, birth }: DiskSaga): CommandName {
    const { disk, worldBooks, states } = this.#options;
    const parts = states.of(row);
    if (isDenied(birth.id, parts, [disk.books, worldBooks])) return 'compensate';
    const isLost = childrenOf(disk, parts).some((child) => child.row.status === 'terminated');
    return isLost && row.status !== 'parked' ? 'skip' : 'retry';
  }

  /** The process is gone: whoever waited for an answer asks again. */
  disconnect(): void {
    for (const order of this.#orders) if (order.state === 'pending') order.state = 'unsent';
  }

  #command(sagaId: string, said: CommandName, engine: Backstep, caller: Caller): void {
    const { disk, worldBooks, states, oracles } = this.#options;
    const saga = disk.sagas.get(disk.sidOf(sagaId) ?? 0);
    if (saga === undefined) return;
    const name = honestly(said, sagaId, states.of(saga.row), [disk.books, worldBooks]);
    this.#ask(engine.saga(sagaId).command({ name, by: 'operator' }), caller, {
      answered: ({ seq }) => {
        const sid = disk.sidOf(sagaId);
        const isAudited = disk.audit.some((row) => row.sid === sid && row.sagaSeq === seq);
        if (!isAudited) oracles.fail('answer-durable', `${name} was answered and is not on disk`);
      },
      refused: (error) => {
        if (!(error instanceof BackstepError)) oracles.fail('answer-durable', String(error));
      },
    });
  }

  #accept(order: Order, id: string): void {
    const { disk, oracles } = this.#options;
    if (disk.sidOf(id) === null) oracles.fail('answer-durable', `${order.key} is not on disk`);
    if (order.sagaId !== null && order.sagaId !== id) {
      oracles.fail('start-key', `${order.key} is saga ${order.sagaId} and saga ${id}`);
    }
    order.state = 'accepted';
    order.sagaId = id;
  }

  #checkRefusal(order: Order, error: unknown): void {
    const { disk, oracles } = this.#options;
    const code = error instanceof BackstepError ? error.code : String(error);
    const isTaken = code === 'conflict' && disk.startKey(this.#type, order.key) !== null;
    const isPassing = ['unavailable', 'overloaded', 'storage-failed', 'conflict'].includes(code);
    if (isTaken || !isPassing) oracles.fail('accepted-kept', `${order.key} was refused: ${code}`);
  }

  /** Nothing that was accepted may be gone, whatever happened since. */
  checkKept(): void {
    const { disk, oracles } = this.#options;
    for (const { key, sagaId } of this.#orders) {
      if (sagaId !== null && disk.sidOf(sagaId) === null) {
        oracles.fail('accepted-kept', `${key} was accepted and is gone`);
      }
    }
  }

  #ask<Answer>(
    asked: Promise<Answer>,
    caller: Caller,
    outcome: { answered: (answer: Answer) => void; refused: (error: unknown) => void },
  ): void {
    this.#calls += 1;
    asked.then(
      (answer) => {
        this.#answers += 1;
        if (caller.isAlive) outcome.answered(answer);
      },
      (error: unknown) => {
        this.#answers += 1;
        if (caller.isAlive) outcome.refused(error);
      },
    );
  }
}

/** True when no saga will move by itself. */
export function isAtEnd(scene: OracleScene): boolean {
  return [...scene.disk.sagas.values()].every((saga) => {
    const { status } = saga.row;
    return isEnded(status) || needsPerson(status) || waitsForPerson(scene, saga);
  });
}

/** Given up on by the engine, and nobody has seen to it yet. */
export function isLeftToPerson(states: StoredStates, { row }: DiskSaga): boolean {
  return needsPerson(row.status) && !isResolved(states.of(row));
}
