/**
 * The machine as XState runs it: a live actor in memory, its promises and its clock in our hands.
 */
import {
  type Actor,
  type AnyStateMachine,
  createActor,
  type EventObject,
  fromPromise,
  type PromiseActorLogic,
} from 'xstate';
import type { Failure } from '../../src/core/failure.ts';
import { kindOfLogic } from '../../src/core/machine/actors/actor-kinds.ts';
import { errorFor, plain, type Side, type Sight } from './case.ts';

interface Running {
  readonly input: unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

export class LiveSide implements Side {
  readonly #running = new Map<string, Running>();
  readonly #timers = new Map<number, Timer>();
  readonly #emitted: unknown[] = [];
  readonly #actor: Actor<AnyStateMachine>;
  #timerCount = 0;
  #nowMs = 0;

  private constructor(machine: AnyStateMachine, input: unknown) {
    const known = Object.entries<unknown>(machine.implementations.actors);
    const promises = known.filter(([, logic]) => kindOfLogic(logic) === 'promise');
    const actors = promises.map(([name]) => [name, this.#logic()]);
    const provided: AnyStateMachine = machine.provide({
      actors: Object.fromEntries(actors) as Record<string, PromiseActorLogic<unknown>>,
    });
    this.#actor = createActor(provided, { input, clock: this.#clock() });
    this.#actor.on('*', (event) => this.#emitted.push(plain(event)));
    this.#actor.subscribe({ error: () => {} }); // else it is thrown where nobody catches it
    this.#actor.start();
  }

  static async start(machine: AnyStateMachine, input: unknown): Promise<LiveSide> {
    const side = new LiveSide(machine, input);
    await settled();
    return side;
  }

  sight(): Sight {
    const snapshot = this.#actor.getSnapshot();
    const running = this.running().map((id) => [id, plain(this.#running.get(id)?.input)]);
    return {
      status: snapshot.status,
      value: snapshot.value,
      context: plain(snapshot.context),
      output: plain(snapshot.output),
      tags: [...snapshot.tags].toSorted(),
      emitted: [...this.#emitted],
      running: Object.fromEntries(running) as Record<string, unknown>,
      dueMs: [...this.#timers.values()].map(({ dueMs }) => dueMs).toSorted((a, b) => a - b),
    };
  }

  running(): readonly string[] {
    return [...this.#running.keys()].toSorted();
  }

  async send(event: EventObject): Promise<void> {
    // XState warns of what comes after the end, and drops it.
    if (this.#actor.getSnapshot().status !== 'active') return;
    this.#actor.send(event);
    await settled();
  }

  async elapse(spanMs: number): Promise<void> {
    const untilMs = this.#nowMs + spanMs;
    for (let next = this.#next(untilMs); next !== null; next = this.#next(untilMs)) {
      const [id, { dueMs, fire }] = next;
      this.#timers.delete(id);
      this.#nowMs = dueMs;
      fire();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  async done(id: string, output: unknown): Promise<void> {
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.resolve(output);
    await settled();
  }

  async fail(id: string, failure: Failure): Promise<void> {
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.reject(errorFor(failure));
    await settled();
  }

  #next(untilMs: number): [number, Timer] | null {
    const due = [...this.#timers].filter(([, { dueMs }]) => dueMs <= untilMs);
    return due.toSorted(([, a], [, b]) => a.dueMs - b.dueMs)[0] ?? null;
  }

  #clock() {
    return {
      setTimeout: (fire: () => void, delayMs: number): number => {
        this.#timerCount += 1;
        this.#timers.set(this.#timerCount, { dueMs: this.#nowMs + delayMs, fire });
        return this.#timerCount;
      },
      clearTimeout: (id: number): void => {
        this.#timers.delete(id);
      },
    };
  }

  #logic(): PromiseActorLogic<unknown> {
    return fromPromise<unknown, unknown>(
      ({ input, self, signal }) =>
        new Promise((resolve, reject) => {
          const running: Running = { input, resolve, reject };
          this.#running.set(self.id, running);
          signal.addEventListener('abort', () => {
            if (this.#running.get(self.id) === running) this.#running.delete(self.id);
          });
        }),
    );
  }
}

/** A promise's answer has gone through the actor and everything that follows from it. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
