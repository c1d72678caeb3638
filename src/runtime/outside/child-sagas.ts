/**
 * Child sagas in place of activities: started under the id their parent gave them, watched until
 * they are over, told to end when the parent leaves them.
 *
 * The parent's durable intent is its live activity; here is only memory of it. After a restart the
 * parent's attempt is dispatched again, which finds the child that is there, so that neither a
 * start nor a completion is ever lost or doubled. Nothing is polled.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError, isPassing } from '../../core/errors.ts';
import { CHILD_GONE, isOverForParent, neverBegan } from '../../core/turn/child-outcome.ts';
import { toFailure } from '../../core/failure.ts';
import type { CommandName, Effect, AttemptOutcome } from '../../core/turn/inbound.ts';
import { type ParentLink, parentLink, type Traced } from '../../core/turn/parent-link.ts';
import { delayAfterMs, exponential } from '../../core/retry-policy.ts';
import type { SagaState } from '../../core/state.ts';
import { type Clock, pause } from '../../host/clock.ts';
import {
  type EndOrder,
  endOf,
  endOrderOf,
  orderIfLeft,
  reasonOfEnd,
  UNDONE_BY_PARENT,
} from '../../host/outside/child-ends.ts';
import type { ChildEnd } from '../../host/outside/outbox-messages.ts';

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;

/** What a parent's turn commanded. */
export interface ChildCall {
  /** Internal id of the parent. */
  readonly sid: number;
  /** The parent. */
  readonly saga: Traced & { readonly id: string };
  readonly effect: StartEffect & { readonly child: NonNullable<StartEffect['child']> };
  /** `null` to unwind whatever saga has that id. */
  readonly definition: SagaDefinition | null;
}

/** What this needs of the engine. */
export interface ChildPorts {
  /** Starts the child unless it was started before. */
  spawn(
    definition: SagaDefinition,
    child: { readonly id: string; readonly input: unknown; readonly parent: ParentLink },
  ): Promise<void>;
  /** The child's state; `null` when there is none of that id. */
  state(id: string): Promise<SagaState | null>;
  /** Orders a command. Throws `not-legal` where the child does not take it. */
  command(id: string, name: CommandName, reason: string): Promise<unknown>;
  /** Resolves when what the saga told other sagas has reached them. */
  delivered(id: string): Promise<void>;
  /** The parent's attempt has its outcome. */
  report(sid: number, activity: string, token: number, outcome: AttemptOutcome): void;
  warn(details: object, message: string): void;
}

/** Between tries to reach a child while the store is busy. */
const RETRY = exponential({ first: '100ms', max: '5s', attempts: 20 });

export class ChildSagas {
  readonly #clock: Clock;
  readonly #ports: ChildPorts;
  /** Calls that wait for a child to be over, by its id. */
  readonly #watched = new Map<string, ChildCall>();
  /** Starts under way: an unwinding must not overtake one. */
  readonly #starting = new Map<string, Promise<void>>();
  #isStopped = false;

  constructor(clock: Clock, ports: ChildPorts) {
    this.#clock = clock;
    this.#ports = ports;
  }

  /** Starts or unwinds a child, and watches it. */
  call(call: ChildCall): void {
    const { child } = call.effect;
    this.#watched.set(child.id, call);
    if (child.isUnwinding) {
      void this.#persist(call, () => this.#unwind(call));
      return;
    }
    const started = this.#persist(call, () => this.#start(call));
    this.#starting.set(child.id, started);
    void started.finally(() => {
      if (this.#starting.get(child.id) === started) this.#starting.delete(child.id);
    });
  }

  /** The parent has left the child, or stands still: its end concerns nobody any more. */
  leave(call: Pick<ChildCall, 'sid'>, activity: string, token: number): void {
    for (const [id, { sid, effect }] of this.#watched) {
      if (sid !== call.sid || effect.activity !== activity || effect.token !== token) continue;
      this.#watched.delete(id);
    }
  }

  /** Tells a child whose parent left it to end. Throws while the child cannot be reached. */
  async end(id: string, name: ChildEnd['command']): Promise<void> {
    if (name === 'if-left') return this.#endIfLeft(id);
    await this.started(id);
    await this.#order(id, name, reasonOfEnd(name));
  }

  /** Resolves when a start of that child that is under way is through. */
  async started(id: string): Promise<void> {
    await this.#starting.get(id);
  }

  /** A saga with a parent is over for it, see `isOverForParent`. */
  over(state: SagaState): void {
    const call = this.#watched.get(state.id);
    if (call !== undefined) void this.#report(call, state);
  }

  /** Nothing is tried again from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#watched.clear();
  }

  async #start(call: ChildCall): Promise<void> {
    const { saga, effect, definition } = call;
    const { child, input, step, activity, token } = effect;
    if (definition === null) return;
    try {
      const parent = parentLink(saga, step, child.shows === true ? { activity, token } : undefined);
      await this.#ports.spawn(definition, { id: child.id, input, parent });
    } catch (error) {
      if (mayBeReached(error)) throw error;
      this.#answer(call, neverBegan(toFailure(error)));
      return;
    }
    await this.#look(call);
  }

  async #unwind(call: ChildCall): Promise<void> {
    const { id } = call.effect.child;
    await this.started(id);
    const state = await this.#ports.state(id);
    if (state === null) return this.#answer(call, { kind: 'done', output: null });
    await this.#order(id, 'cancel', UNDONE_BY_PARENT);
    await this.#look(call);
  }

  /** It may have been over before anybody watched. */
  async #look(call: ChildCall): Promise<void> {
    const state = await this.#ports.state(call.effect.child.id);
    if (state === null) {
      this.#answer(call, CHILD_GONE);
    } else if (isOverForParent(state)) await this.#report(call, state);
  }

  // A child goes on that had stood still. What its parent ordered meanwhile was not legal, so that
  // it is looked up whether the parent still waits for the child, unwinds it or has left it.
  async #endIfLeft(id: string): Promise<void> {
    const parentId = (await this.#ports.state(id).catch(orUnreadable))?.parent?.sagaId;
    if (parentId === undefined) return;
    const parent = await this.#ports.state(parentId).catch(orUnreadable);
    if (parent === null) return; // removed, long after it had left the child, or not readable now
    const left = orderIfLeft(parent, id);
    if (left !== null) await this.#order(id, left.order, left.reason);
  }

  // A child that takes no cancel goes on to its own end: it compensates already, is past its pivot,
  // or waits for a person.
  async #order(id: string, order: EndOrder, reason: string): Promise<void> {
    const state = await this.#ports.state(id);
    const command = state === null ? null : endOrderOf(state, order);
    if (command === null) return;
    try {
      await this.#ports.command(id, command, reason);
    } catch (error) {
      if (!(error instanceof BackstepError) || error.code !== 'not-legal') throw error;
    }
  }

  // As with XState, what a child said before its end is heard before its end is.
  async #report(call: ChildCall, state: SagaState): Promise<void> {
    await this.#ports.delivered(state.id);
    this.#answer(call, endOf(state, call.effect.child.isUnwinding));
  }

  #answer(call: ChildCall, outcome: AttemptOutcome): void {
    const { sid, effect } = call;
    if (this.#watched.get(effect.child.id) !== call) return; // left, or answered before
    this.#watched.delete(effect.child.id);
    this.#ports.report(sid, effect.activity, effect.token, outcome);
  }

  // The store may be busy or stalled; what is owed to a parent is not given up for that.
  async #persist({ saga, effect }: ChildCall, run: () => Promise<void>): Promise<void> {
    const who = { sagaId: saga.id, childId: effect.child.id };
    for (let attempt = 1; !this.#isStopped; attempt++) {
      try {
        await run();
        return;
      } catch (err) {
        this.#ports.warn({ ...who, attempt, err }, 'a child saga could not be reached yet');
        const delayMs = delayAfterMs(RETRY, Math.min(attempt, RETRY.attempts), JSON.stringify(who));
        await pause(this.#clock, delayMs);
      }
    }
  }
}

// A child whose state cannot be read is reported where that child is loaded, not here.
function orUnreadable(error: unknown): null {
  if (mayBeReached(error)) throw error;
  return null;
}

/** Whether a child may still be reached: only the engine's own refusals are final. */
function mayBeReached(error: unknown): boolean {
  const isRefusal = error instanceof BackstepError && error.code !== 'storage-failed';
  return !isRefusal || isPassing(error);
}
