/**
 * The machine as Backstep runs it: through the pure core, persisted and restored at every inbound,
 * with the smallest host that keeps the host law.
 */
import type { AnyStateMachine, EventObject } from 'xstate';
import { decodeState, encodeState } from '../../src/core/history/codec.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { durable } from '../../src/core/define/durable.ts';
import type { Failure } from '../../src/core/failure.ts';
import type { Effect, Inbound, AttemptOutcome, Turn } from '../../src/core/turn/inbound.ts';
import { UNHANDLED } from '../../src/core/turn/park-instead.ts';
import type { SagaState } from '../../src/core/state.ts';
import { begin, turn } from '../../src/core/turn/turn.ts';
import { thrownOf } from '../../src/core/thrown.ts';
import { errorFor, plain, type Side, type Sight } from './case.ts';

const SAGA_ID = 'saga-1';

interface Running {
  readonly input: unknown;
  readonly token: number;
  readonly timeout: { readonly timer: string; readonly dueMs: number } | null;
}

interface Due {
  readonly timer: string;
  readonly token: number;
  readonly dueMs: number;
}

export class DurableSide implements Side {
  readonly #definition: SagaDefinition;
  readonly #running = new Map<string, Running>();
  readonly #emitted: unknown[] = [];
  /** The store: all that is kept between two inbounds. */
  #stored: string;
  #nowMs = 0;
  #eventCount = 0;

  constructor(machine: AnyStateMachine, input: unknown) {
    this.#definition = durable(machine);
    const first = begin(this.#definition, SAGA_ID, input, this.#nowMs);
    this.#stored = encodeState(first.state);
    this.#apply(first.effects);
  }

  sight(): Sight {
    const { snapshot, parkReason } = this.#state();
    // A failure that nobody handles ends a live machine; a saga is parked as it was before.
    const isInError = parkReason?.code === UNHANDLED;
    const running = this.running().map((id) => [id, plain(this.#running.get(id)?.input)]);
    return {
      status: isInError ? 'error' : snapshot.status,
      value: snapshot.value,
      context: plain(snapshot.context),
      output: plain(snapshot.output),
      tags: [...snapshot.tags].toSorted(),
      emitted: [...this.#emitted],
      running: Object.fromEntries(running) as Record<string, unknown>,
      dueMs: isInError ? [] : this.#due().map(({ dueMs }) => dueMs),
    };
  }

  running(): readonly string[] {
    return [...this.#running.keys()].toSorted();
  }

  async send(event: EventObject): Promise<void> {
    this.#eventCount += 1;
    this.#take({ kind: 'event', id: `event-${this.#eventCount}`, event });
  }

  async elapse(spanMs: number): Promise<void> {
    const untilMs = this.#nowMs + spanMs;
    for (let next = this.#due()[0]; next !== undefined && next.dueMs <= untilMs;) {
      this.#nowMs = next.dueMs;
      this.#forgetTimeout(next);
      this.#take({ kind: 'timer', timer: next.timer, token: next.token });
      [next] = this.#due();
    }
    this.#nowMs = untilMs;
  }

  async done(id: string, output: unknown): Promise<void> {
    this.#answer(id, { kind: 'done', output });
  }

  async fail(id: string, failure: Failure): Promise<void> {
    const thrown = thrownOf(errorFor(failure));
    this.#answer(id, {
      kind: 'failed',
      failure: { ...failure, ...(thrown === null ? {} : { thrown }) },
    });
  }

  /**
   * The process is gone and another one takes over: every attempt is dispatched once more.
   *
   * @param wasClean it left in good order, as often as one likes
   */
  restart(wasClean = false): void {
    for (const [id, { token }] of this.#running) {
      const clean = wasClean ? { wasClean } : {};
      this.#take({ kind: 'interrupted', activity: id, token, ...clean });
    }
  }

  // A time-out fires once for each start of its attempt.
  #forgetTimeout({ timer, token }: Due): void {
    for (const [id, running] of this.#running) {
      if (running.token !== token || running.timeout?.timer !== timer) continue;
      this.#running.set(id, { ...running, timeout: null });
    }
  }

  #answer(id: string, outcome: AttemptOutcome): void {
    const running = this.#running.get(id);
    if (running === undefined) throw new Error(`${id} does not run`);
    this.#running.delete(id);
    this.#take({ kind: 'result', activity: id, token: running.token, outcome });
  }

  #take(inbound: Exclude<Inbound, { kind: 'start' }>): Turn {
    const taken = turn(this.#definition, this.#state(), inbound, this.#nowMs);
    if (taken.kind === 'refused') return taken;
    this.#stored = encodeState(taken.state);
    if (taken.kind === 'advanced') this.#apply(taken.effects);
    return taken;
  }

  #state(): SagaState {
    return decodeState(this.#definition, SAGA_ID, this.#stored);
  }

  #apply(effects: readonly Effect[]): void {
    const sent: EventObject[] = [];
    for (const effect of effects) {
      switch (effect.kind) {
        case 'start-activity': {
          const { activity, token, input, timeout } = effect;
          const known = this.#running.get(activity);
          // Dispatched again: the time-out of a real host would begin anew, see the tests.
          if (known?.token === token) break;
          const dueMs = this.#nowMs + (timeout?.delayMs ?? 0);
          this.#running.set(activity, {
            input,
            token,
            timeout: timeout === null ? null : { timer: timeout.timer, dueMs },
          });
          break;
        }
        case 'stop-activity':
          if (this.#running.get(effect.activity)?.token === effect.token) {
            this.#running.delete(effect.activity);
          }
          break;
        case 'emit':
          this.#emitted.push(plain(effect.event));
          break;
        case 'act':
        case 'tell-activity':
          break;
        case 'send':
          if (effect.to === SAGA_ID) sent.push(effect.event);
          break;
      }
    }
    for (const event of sent) {
      this.#eventCount += 1;
      this.#take({ kind: 'event', id: `event-${this.#eventCount}`, event });
    }
  }

  /** What fires next, from the stored state and the running attempts; stable where due at once. */
  #due(): readonly Due[] {
    const { live } = this.#state();
    const waits = Object.entries(live.timers).flatMap(([timer, { token, dueMs }]) =>
      dueMs === undefined ? [] : [{ timer, token, dueMs }],
    );
    const timeouts = [...this.#running.values()].flatMap(({ token, timeout }) =>
      timeout === null ? [] : [{ ...timeout, token }],
    );
    return [...waits, ...timeouts].toSorted((a, b) => a.dueMs - b.dueMs || a.token - b.token);
  }
}
