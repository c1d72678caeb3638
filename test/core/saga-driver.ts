/**
 * Drives a saga through the pure core, one inbound at a time, and sends every state through its
 * stored form and back, so that nothing passes that would not survive a restart.
 */
import { decodeState, encodeState } from '../../src/core/codec.ts';
import type { SagaDefinition } from '../../src/core/definition.ts';
import type { Failure } from '../../src/core/failure.ts';
import type { CommandName, Effect, Inbound, Outcome, Turn } from '../../src/core/inbound.ts';
import type { SagaState } from '../../src/core/state.ts';
import { begin, turn } from '../../src/core/turn.ts';

export const REFUSED: Failure = failure('refused', { retryable: false, ambiguous: false });
export const BUSY: Failure = failure('busy', { retryable: true, ambiguous: false });
export const LOST: Failure = failure('lost', { retryable: true, ambiguous: true });

/** A parsed order that any test may start with. */
export const ORDER = {
  orderId: 'order-1',
  customerId: 'customer-1',
  customerEmail: 'customer@example.org',
  productId: 'laptop',
  quantity: 2,
  amountMinor: 2_500,
  currency: 'EUR',
  paymentMethod: 'paypal',
};

export class SagaDriver {
  readonly #definition: SagaDefinition;
  state: SagaState;
  nowMs = 1_000_000;
  /** Effects of the last turn. */
  effects: readonly Effect[];
  /** Every state path seen, in order. */
  readonly trail: string[];
  /** Every activity commanded, in order. */
  readonly started: string[] = [];

  constructor(definition: SagaDefinition, input: unknown, id = 'saga-1') {
    this.#definition = definition;
    const first = begin(definition, id, input, this.nowMs);
    this.state = first.state;
    this.effects = first.effects;
    this.trail = [first.record.to];
    this.#note(first.effects);
  }

  /** Takes an inbound; the state goes through storage on the way. */
  take(inbound: Exclude<Inbound, { kind: 'start' }>): Turn {
    const stored = decodeState(this.#definition, this.state.id, encodeState(this.state));
    const taken = turn(this.#definition, stored, inbound, this.nowMs);
    if (taken.kind === 'refused') return taken;
    this.state = taken.state;
    this.effects = taken.kind === 'advanced' ? taken.effects : [];
    this.trail.push(taken.record.to);
    this.#note(this.effects);
    return taken;
  }

  /** The live attempt of the activity succeeds. */
  done(activity: string, output: unknown = { id: `${activity}-output` }): Turn {
    return this.answer(activity, { kind: 'done', output });
  }

  /** The live attempt of the activity fails. */
  fail(activity: string, reason: Failure): Turn {
    return this.answer(activity, { kind: 'failed', failure: reason });
  }

  answer(activity: string, outcome: Outcome): Turn {
    return this.take({ kind: 'result', activity, token: this.tokenOf(activity), outcome });
  }

  command(name: CommandName, reason?: string): Turn {
    return this.take({ kind: 'command', command: { name, ...(reason ? { reason } : {}) } });
  }

  /** Moves the clock to the earliest durable due time and fires that timer. */
  fireNextTimer(): Turn {
    const [timer] = Object.entries(this.state.live.timers)
      .filter(([, { dueMs }]) => dueMs !== undefined)
      .toSorted(([, a], [, b]) => (a.dueMs ?? 0) - (b.dueMs ?? 0));
    if (timer === undefined) throw new Error('no timer is armed');
    this.nowMs = Math.max(this.nowMs, timer[1].dueMs ?? 0);
    return this.take({ kind: 'timer', timer: timer[0], token: timer[1].token });
  }

  /** Fires the live timer whose id contains the text, at its due time. */
  fireTimer(text: string): Turn {
    const timer = Object.entries(this.state.live.timers).find(([id]) => id.includes(text));
    if (timer === undefined) throw new Error(`no timer with "${text}" is armed`);
    this.nowMs = Math.max(this.nowMs, timer[1].dueMs ?? 0);
    return this.take({ kind: 'timer', timer: timer[0], token: timer[1].token });
  }

  tokenOf(activity: string): number {
    const live = this.state.live.activities[activity];
    if (live === undefined) throw new Error(`${activity} is not live in ${this.trail.at(-1)}`);
    return live.token;
  }

  stepStatus(name: string): string | undefined {
    return this.state.steps.find((step) => step.name === name)?.status;
  }

  #note(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'start-activity') this.started.push(effect.activity);
    }
  }
}

function failure(code: string, traits: Pick<Failure, 'retryable' | 'ambiguous'>): Failure {
  return { code, message: `the remote was ${code}`, ...traits };
}
