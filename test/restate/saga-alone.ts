/**
 * The object of one saga without Restate: what its calls say is recorded, and a call whose worker is
 * lost is made again over the record, as Restate does it.
 *
 * Invariant: a call that says something else when it is made again fails, as it would there for ever.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectContext } from '@restatedev/restate-sdk';
import { SERVICES } from '../../src/restate/names.ts';
import { sagaObject } from '../../src/restate/saga-object.ts';
import type { WorkPlace } from '../../src/restate/sends.ts';
import { SAGA_WORDS, type SagaWords } from '../../src/restate/words.ts';

type Handler = (ctx: ObjectContext, given: unknown) => Promise<unknown>;

/** A call that was sent. */
export interface Sent {
  readonly service: string;
  readonly method: string;
  readonly parameter: unknown;
}

/** One thing that a call says: what came of something, or what is kept or sent. */
interface Said {
  readonly what: string;
  readonly value: unknown;
}

export class SagaAlone {
  readonly sent: Sent[] = [];
  /** Handlers that were called, in order. */
  readonly calls: string[] = [];
  readonly #handlers: Readonly<Record<string, Handler>>;
  #state = new Map<string, unknown>();
  #saysUntilLost: number;

  /** @param saysUntilLost so many things are recorded, the next one is lost together with its worker */
  constructor(place: WorkPlace, saysUntilLost = Infinity) {
    // Where the SDK finds them.
    this.#handlers = Reflect.get(sagaObject(place), 'object') as Readonly<Record<string, Handler>>;
    this.#saysUntilLost = saysUntilLost;
  }

  get hasLost(): boolean {
    return this.#saysUntilLost < 0;
  }

  /** What it keeps under that name. */
  kept(name: string): unknown {
    return this.#state.get(name);
  }

  /** Attempts that were handed to other calls, in order. */
  get handed(): readonly SagaWords['attempt'][] {
    const own = this.sent.filter(
      ({ service, method }) => service === SERVICES.saga && method === 'attempt',
    );
    return own.map(({ parameter }) => SAGA_WORDS.attempt.parse(parameter));
  }

  /** One call, and then those of attempts that it hands over. */
  async call<Name extends keyof SagaWords>(name: Name, words: SagaWords[Name]): Promise<unknown> {
    const before = this.handed.length;
    const answer = await this.only(name, words);
    for (const each of this.handed.slice(before)) await this.call('attempt', each);
    return answer;
  }

  /** One call. */
  async only<Name extends keyof SagaWords>(name: Name, words: SagaWords[Name]): Promise<unknown> {
    this.calls.push(name);
    const record: Said[] = [];
    for (;;) {
      const state = new Map(this.#state);
      const lost = Promise.withResolvers<null>();
      const ctx = this.#context(record, state, () => lost.resolve(null));
      const ended = this.#handlers[name]?.(ctx, words).then((answer) => ({ answer }));
      const first = await Promise.race([ended, lost.promise]);
      if (first === null) continue;
      this.#state = state;
      const sends = record.filter(({ what }) => what === 'send').map(({ value }) => value as Sent);
      this.sent.push(...sends);
      return first?.answer;
    }
  }

  #context(record: Said[], state: Map<string, unknown>, onLost: () => void): ObjectContext {
    let at = 0;
    let isLost = false;
    /** Whether it is recorded. */
    const say = (index: number, what: string, value: unknown): boolean => {
      if (isLost) return false;
      this.#saysUntilLost -= 1;
      isLost = this.#saysUntilLost === -1;
      if (isLost) onLost();
      else record[index] = { what, value };
      return !isLost;
    };
    const put = (what: string, value: unknown): void => {
      const known = record[at];
      if (known !== undefined && !isDeepStrictEqual(known, { what, value })) {
        throw new Error(`it said ${JSON.stringify(known)}, and now ${what}`);
      }
      if (known === undefined) say(at, what, value);
      at += 1;
    };
    const run = async (what: string, make: () => unknown): Promise<unknown> => {
      const index = at;
      at += 1;
      const known = record[index];
      if (known?.what === what) return known.value;
      if (known !== undefined) throw new Error(`it said ${known.what}, and now ${what}`);
      const value: unknown = isLost ? null : jsonOf(await make());
      return say(index, what, value) ? value : new Promise(() => {});
    };
    const context = {
      key: 's1',
      get: async (name: string) => state.get(name) ?? null,
      set: (name: string, value: unknown) => {
        put(`set ${name}`, value);
        state.set(name, value);
      },
      clear: (name: string) => {
        put(`clear ${name}`, null);
        state.delete(name);
      },
      run,
      genericSend: ({ service, method, parameter }: Sent) => {
        put('send', jsonOf({ service, method, parameter }));
        return {
          get invocationId() {
            return run('id', () => 'inv_1');
          },
        };
      },
      request: () => ({ attemptCompletedSignal: new AbortController().signal }),
    };
    return context as unknown as ObjectContext; // as much of one as handlers of sagas use here
  }
}

function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}
