/**
 * Actors that live in memory: callbacks and observables of a machine, run while it wants them and
 * started again by the next process. What they say reaches their saga with their token.
 *
 * They promise no more than live: what they would have said while no process ran is lost, and so is
 * what a saga with a full mailbox cannot take.
 */
import type { EventObject } from 'xstate';
import { kindOfLogic } from '../../core/machine/actors/actor-kinds.ts';
import { readFields } from '../../core/machine/machine-nodes.ts';
import { machineValue } from '../../core/machine/machine-values.ts';
import { type Failure, toFailure } from '../../core/failure.ts';
import { keepJson, takeJson } from '../../core/json.ts';
import { thrownOf } from '../../core/thrown.ts';
import type { Effect, Inbound, AttemptOutcome } from '../../core/turn/inbound.ts';
import { absent } from '../../host/outside/absent.ts';

/** A listener that a turn commanded. */
export interface ListenerCall {
  readonly sid: number;
  readonly sagaId: string;
  readonly effect: Extract<Effect, { kind: 'start-activity' }>;
  readonly logic: unknown;
}

export interface ListenerPorts {
  /** False: too much waits for the saga already. */
  tell(sid: number, inbound: Extract<Inbound, { kind: 'told' | 'result' }>): boolean;
  warn(details: object, message: string): void;
}

interface Running {
  readonly receivers: Set<(event: EventObject) => void>;
  dispose: () => void;
}

type Creator = (scene: Readonly<Record<string, unknown>>) => unknown;

const CURE = 'send through sendBack, or let the machine send';

export class Listeners {
  readonly #ports: ListenerPorts;
  /** By `sid/activity/token`. */
  readonly #running = new Map<string, Running>();
  #isStopped = false;

  constructor(ports: ListenerPorts) {
    this.#ports = ports;
  }

  start(call: ListenerCall): void {
    const { sid, effect, logic } = call;
    const { config } = readFields(logic);
    const name = nameOf(sid, effect.activity, effect.token);
    if (this.#isStopped || this.#running.has(name) || typeof config !== 'function') return;
    const running: Running = { receivers: new Set(), dispose: () => {} };
    this.#running.set(name, running);
    try {
      const dispose = this.#begin(call, config as Creator, running);
      running.dispose = dispose;
      if (this.#running.get(name) !== running) dispose(); // stopped by what it said at once
    } catch (thrown) {
      this.#end(call, { kind: 'failed', failure: failureOf(thrown) });
    }
  }

  /** Hands an event to a callback that asked to receive some. */
  tell(sid: number, activity: string, token: number, event: EventObject): void {
    for (const receive of this.#running.get(nameOf(sid, activity, token))?.receivers ?? []) {
      this.#guarded(() => receive(event));
    }
  }

  stop(sid: number, activity: string, token: number): void {
    this.#forget(nameOf(sid, activity, token));
  }

  stopAll(): void {
    this.#isStopped = true;
    for (const name of this.#running.keys()) this.#forget(name);
  }

  #begin(call: ListenerCall, creator: Creator, running: Running): () => void {
    const { effect, sagaId, logic } = call;
    const what = `"${effect.activity}" of saga ${sagaId}`;
    const sendBack = (event: EventObject): void => this.#say(call, event);
    const known = { id: effect.activity, sessionId: effect.activity, _parent: { send: sendBack } };
    const scene = {
      input: effect.input,
      self: absent(`${what}: self`, known, CURE),
      system: absent(`${what}: system`, {}, CURE),
      emit: () => {}, // nobody holds a reference to listen with
    };
    if (kindOfLogic(logic) === 'callback') {
      const receive = (receiver: (event: EventObject) => void): void =>
        void running.receivers.add(receiver);
      const dispose = creator({ ...scene, sendBack, receive });
      return typeof dispose === 'function'
        ? () => void Reflect.apply(dispose, undefined, [])
        : noop;
    }
    const isOfEvents = kindOfLogic(logic) === 'event-observable';
    const observed = creator(scene) as { subscribe(observer: object): { unsubscribe(): void } };
    const subscription = observed.subscribe({
      next: (value: unknown) => {
        if (isOfEvents) this.#say(call, value as EventObject);
        else if (effect.listener?.isSynced === true) this.#say(call, snapshotOf(call, value));
      },
      error: (thrown: unknown) => this.#end(call, { kind: 'failed', failure: failureOf(thrown) }),
      complete: () => this.#end(call, { kind: 'done', output: undefined }),
    });
    return () => subscription.unsubscribe();
  }

  #say({ sid, effect: { activity, token } }: ListenerCall, said: EventObject): void {
    if (!this.#running.has(nameOf(sid, activity, token))) return;
    this.#guarded(() => {
      const event = takeJson(said, `an event of the actor "${activity}"`);
      if (this.#ports.tell(sid, { kind: 'told', activity, token, event })) return;
      this.#ports.warn({ activity, event: event.type }, 'an actor said more than its saga takes');
    });
  }

  #end({ sid, effect: { activity, token } }: ListenerCall, outcome: AttemptOutcome): void {
    const name = nameOf(sid, activity, token);
    if (!this.#running.has(name)) return;
    this.#forget(name);
    this.#guarded(() => void this.#ports.tell(sid, { kind: 'result', activity, token, outcome }));
  }

  #forget(name: string): void {
    const running = this.#running.get(name);
    this.#running.delete(name);
    if (running !== undefined) this.#guarded(running.dispose);
  }

  // User code, and an engine that may be closing.
  #guarded(run: () => void): void {
    try {
      run();
    } catch (err) {
      this.#ports.warn({ err }, 'an actor in memory failed');
    }
  }
}

function snapshotOf({ effect }: ListenerCall, value: unknown): EventObject {
  const { activity, input } = effect;
  const context = keepJson(value, `what the actor "${activity}" observed`, machineValue);
  const event = { snapshot: { status: 'active', context, input } };
  return { type: `xstate.snapshot.${activity}`, ...event };
}

function failureOf(thrown: unknown): Failure {
  const kept = thrownOf(thrown);
  return kept === null ? toFailure(thrown) : { ...toFailure(thrown), thrown: kept };
}

function nameOf(sid: number, activity: string, token: number): string {
  return `${sid}/${activity}/${token}`;
}

function noop(): void {
  // It left nothing behind.
}
