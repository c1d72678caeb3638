/**
 * Stands for XState's own door in the tests of XState: the same, but it remembers each machine that a
 * test starts and what happens to it.
 */
import {
  type ActorOptions,
  type AnyActor,
  type AnyActorLogic,
  type AnyStateMachine,
  createActor as createLive,
  type EventObject,
  StateMachine,
} from 'xstate';

export * from 'xstate';

export type Happened =
  | { readonly kind: 'event'; readonly event: EventObject }
  | { readonly kind: 'time'; readonly spanMs: number };

/** A machine that a test started. */
export interface Watched {
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  readonly happened: readonly Happened[];
}

const watched: Watch[] = [];

class Watch implements Watched {
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  readonly happened: Happened[] = [];
  readonly #nowMs: () => number;
  #atMs: number;
  #isOver = false;

  constructor(machine: AnyStateMachine, input: unknown, nowMs: () => number) {
    this.machine = machine;
    this.input = input;
    this.#nowMs = nowMs;
    this.#atMs = nowMs();
  }

  follow(actor: AnyActor): void {
    const { start, send, stop } = actor;
    actor.start = () => {
      this.#atMs = this.#nowMs();
      return start.call(actor) as AnyActor;
    };
    actor.send = (event: EventObject) => {
      this.catchUp();
      if (!this.#isOver) this.happened.push({ kind: 'event', event });
      send.call(actor, event);
    };
    actor.stop = () => {
      this.catchUp();
      this.#isOver = true;
      return stop.call(actor) as AnyActor;
    };
  }

  catchUp(): void {
    const spanMs = this.#nowMs() - this.#atMs;
    if (spanMs > 0 && !this.#isOver) this.happened.push({ kind: 'time', spanMs });
    this.#atMs += spanMs;
  }
}

/** What was started since this was asked last, with the time that passed until now. */
export function takeWatched(): readonly Watched[] {
  for (const each of watched) each.catchUp();
  return watched.splice(0);
}

function createWatched(logic: AnyActorLogic, options?: ActorOptions<AnyActorLogic>): AnyActor {
  const actor: AnyActor = createLive(logic, options);
  if (!(logic instanceof StateMachine) || options?.parent !== undefined) return actor;
  const clock = options?.clock;
  const nowMs =
    clock !== undefined && 'now' in clock ? (clock.now as () => number).bind(clock) : Date.now;
  const watch = new Watch(logic as AnyStateMachine, options?.input, nowMs);
  watch.follow(actor);
  watched.push(watch);
  return actor;
}

export const createActor = createWatched as typeof createLive;
