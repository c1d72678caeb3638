/**
 * The simulated world: remote participants behind a network that loses, delays and repeats.
 *
 * A call is a request that must reach the remote and an answer that must reach the caller, each one
 * delivered when the scheduler says so. The remote's effect happens at the delivery of the request,
 * whoever has died meanwhile; an answer reaches only a caller that still lives.
 */
import { PermanentError, TransientError } from '../../src/core/failure.ts';
import type { BookOp } from './book-op.ts';
import { Books, type BooksOptions } from './books.ts';
import type { Chance } from './chance.ts';
import type { SimTime } from './sim-time.ts';

/** A process, as long as it lives. */
export interface Caller {
  isAlive: boolean;
}

/** What can befall a call. */
const CALL_FAULTS = [
  'transient', // refused before any effect, worth another try
  'permanent', // refused before any effect, for good
  'lost', // the effect happens, the answer says that the connection broke
  'reset', // the connection breaks before any effect
  'hang', // never reaches the remote, never answers
  'hang-applied', // the effect happens, never answers
  'late', // reaches the remote long after, and then answers
  'twice', // the network delivers the request a second time, later
] as const;

type CallFault = (typeof CALL_FAULTS)[number];

interface Call {
  readonly name: string;
  readonly fault: CallFault | null;
  readonly caller: Caller;
  /** `null`: the effect is not the remote's (a plan, or a subscriber). */
  readonly op: BookOp | null;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Parcel {
  readonly name: string;
  /** By the steady time. */
  readonly notBeforeMs: number;
  readonly deliver: () => void;
}

const MAX_LATE_MS = 600_000;
const MAX_OUTAGE_MS = 60_000;

export class World {
  readonly books: Books;
  readonly #chance: Chance;
  readonly #time: SimTime;
  readonly #odds: Readonly<Record<CallFault, number>>;
  readonly #calls = new Map<string, number>();
  #parcels: Parcel[] = [];
  #moves = 0;

  constructor(chance: Chance, time: SimTime, options: BooksOptions) {
    this.books = new Books(options);
    this.#chance = chance;
    this.#time = time;
    this.#odds = drawOdds(chance);
  }

  /** Changes with everything that happens out there. */
  get moves(): number {
    return this.#moves;
  }

  get inTransit(): number {
    return this.#parcels.length;
  }

  /** Calls the remote that keeps `books`; its effect is one operation. */
  call(op: BookOp, caller: Caller): Promise<void> {
    return this.#send(`call/${op.orderId}/${op.step}/${op.kind}`, op, caller);
  }

  /** Work of a participant without an effect out there: a plan, or a subscriber's delivery. */
  work(name: string, caller: Caller): Promise<void> {
    return this.#send(`work/${name}`, null, caller);
  }

  /** What can be delivered now, first sent first. */
  get deliverable(): readonly string[] {
    return this.#ready().map((parcel) => parcel.name);
  }

  deliver(index: number): void {
    const parcel = this.#ready()[index];
    if (parcel === undefined) return;
    this.#parcels = this.#parcels.filter((each) => each !== parcel);
    this.#moves += 1;
    parcel.deliver();
  }

  /** When the next held-back parcel may be delivered; `null` when none waits. */
  nextAtMs(): number | null {
    const { steadyMs } = this.#time;
    const later = this.#parcels.map((each) => each.notBeforeMs).filter((atMs) => atMs > steadyMs);
    return later.length === 0 ? null : Math.min(...later);
  }

  #ready(): Parcel[] {
    return this.#parcels.filter((each) => each.notBeforeMs <= this.#time.steadyMs);
  }

  #send(what: string, op: BookOp | null, caller: Caller): Promise<void> {
    const number = (this.#calls.get(what) ?? 0) + 1;
    this.#calls.set(what, number);
    this.#moves += 1;
    const name = `${what}/${number}`;
    const isDown = op !== null && this.#isDown(op);
    const fault = isDown ? 'transient' : this.#chance.fault(name, this.#odds);
    return new Promise((resolve, reject) => {
      const call: Call = { name, fault, caller, op, resolve, reject };
      if (fault === 'hang') return;
      this.#post(`${name} request`, fault === 'late' ? this.#lateMs(name) : 0, () =>
        this.#reach(call),
      );
    });
  }

  /** The request reaches the remote. */
  #reach(call: Call): void {
    const { name, fault, op } = call;
    switch (fault) {
      case 'transient':
        return this.#answer(call, new TransientError('busy', 'the remote is busy'));
      case 'permanent':
        return this.#answer(call, new PermanentError('declined', 'the remote declined'));
      case 'reset':
        return this.#answer(call, new Error('connection reset'));
      case 'lost':
        this.#apply(op);
        return this.#answer(call, new Error('connection reset'));
      case 'hang-applied':
        this.#apply(op);
        return;
      case 'twice': {
        // A remote that refused a request knows its copy: a refusal stays one.
        const refusal = this.#apply(op);
        const repeat = (): void => void this.#apply(op);
        if (refusal === null) this.#post(`${name} copy`, this.#lateMs(name), repeat);
        return this.#answer(call, refusal);
      }
      case 'hang':
      case 'late':
      case null:
        return this.#answer(call, this.#apply(op));
    }
  }

  #apply(op: BookOp | null): Error | null {
    const refusal = op === null ? null : this.books.run(op);
    return refusal === null ? null : new PermanentError(refusal.code, refusal.message);
  }

  #answer({ name, caller, resolve, reject }: Call, error: Error | null): void {
    this.#post(`${name} answer`, 0, () => {
      if (!caller.isAlive) return;
      if (error === null) resolve();
      else reject(error);
    });
  }

  #post(name: string, delayMs: number, deliver: () => void): void {
    this.#parcels.push({ name, notBeforeMs: this.#time.steadyMs + delayMs, deliver });
  }

  #lateMs(name: string): number {
    return this.#chance.between(`late/${name}`, 1, MAX_LATE_MS);
  }

  /** A remote may be down for a while as a whole, whatever each call's luck. */
  #isDown({ step, kind }: BookOp): boolean {
    if (this.#chance.fault(`outage/${step}/${kind}`, { down: 0.12 }) === null) return false;
    const fromMs = this.#chance.between(`outage-from/${step}/${kind}`, 0, 5_000);
    const lengthMs = this.#chance.between(`outage-length/${step}/${kind}`, 1_000, MAX_OUTAGE_MS);
    const { steadyMs } = this.#time;
    return steadyMs >= fromMs && steadyMs < fromMs + lengthMs;
  }
}

/** Each kind is absent from about half of the runs, and runs differ in how bad they are. */
function drawOdds(chance: Chance): Record<CallFault, number> {
  const badness = chance.fraction('badness') * 0.12;
  const odds = CALL_FAULTS.map((kind): [CallFault, number] => [
    kind,
    chance.fraction(`kind/${kind}`) < 0.5 ? 0 : badness,
  ]);
  return Object.fromEntries(odds) as Record<CallFault, number>;
}
