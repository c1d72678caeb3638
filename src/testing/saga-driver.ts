/**
 * Drives a saga through the pure core, one inbound at a time, without an engine; every state goes
 * through its stored form and back, so that nothing passes that would not survive a restart.
 */
import { decodeState, encodeWhole } from '../core/history/codec.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Failure } from '../core/failure.ts';
import type {
  CommandName,
  Effect,
  Inbound,
  JournalRecord,
  AttemptOutcome,
  OutsideEvent,
  Turn,
} from '../core/turn/inbound.ts';
import { takeJson } from '../core/json.ts';
import type { LiveTimer, SagaState } from '../core/state.ts';
import { strictly } from '../core/machine/strict-machine.ts';
import { begin, turn } from '../core/turn/turn.ts';
import { attemptOf, type SagaStory, type StartedAttempt } from './saga-story.ts';

/** Where the clock of a driven saga starts, milliseconds since 1970. */
const START_MS = 1_000_000;

export class SagaDriver {
  #definition: SagaDefinition;
  readonly #attempts: StartedAttempt[] = [];
  #events = 0;
  state: SagaState;
  nowMs = START_MS;
  /** Effects of the last turn. */
  effects: readonly Effect[];
  /** Every state path seen, in order. */
  readonly trail: string[];
  /** Its journal. */
  readonly records: JournalRecord[];

  /**
   * Starts it. `input` as parsing gives it.
   *
   * @example
   * const saga = new SagaDriver(tripSaga, { trip: 't-1' });
   * saga.done('bookHotel', { booking: 'b-1' });
   * saga.fail('chargeCard', { code: 'declined', message: 'no', retryable: false, ambiguous: false });
   * expect(saga.story).toHaveStatus('compensating');
   */
  constructor(definition: SagaDefinition, input: unknown, id = 'saga-1') {
    this.#definition = strictly(definition);
    const first = begin(this.#definition, id, takeJson(input, 'input'), this.nowMs);
    this.state = first.state;
    this.effects = first.effects;
    this.trail = [first.record.to];
    this.records = [first.record];
    this.#note(first.effects);
  }

  /** Every activity commanded, in order. */
  get started(): readonly string[] {
    return this.#attempts.map(({ activity }) => activity);
  }

  /** What became of it so far, for the matchers. */
  get story(): SagaStory {
    const { id, status } = this.state;
    const [type, trail, started] = [this.#definition.id, [...this.trail], [...this.#attempts]];
    return { kind: 'saga-story', type, id, status, state: this.state, trail, started };
  }

  /** From now on it runs under this definition, as after a deploy. */
  under(definition: SagaDefinition): this {
    this.state = decodeState(definition, this.state.id, encodeWhole(this.state));
    this.#definition = definition;
    return this;
  }

  /** Takes an inbound; the state goes through storage on the way. */
  take(inbound: Exclude<Inbound, { kind: 'start' }>): Turn {
    const stored = decodeState(this.#definition, this.state.id, encodeWhole(this.state));
    const taken = turn(this.#definition, stored, asTaken(inbound), this.nowMs);
    if (taken.kind === 'refused') return taken;
    this.state = taken.state;
    this.effects = taken.kind === 'advanced' ? taken.effects : [];
    this.trail.push(taken.record.to);
    this.records.push(taken.record);
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

  answer(activity: string, outcome: AttemptOutcome): Turn {
    return this.take({ kind: 'result', activity, token: this.tokenOf(activity), outcome });
  }

  command(name: CommandName, reason?: string): Turn {
    return this.take({ kind: 'command', command: { name, ...(reason ? { reason } : {}) } });
  }

  /** An event from outside, under an id of its own unless one is given. */
  send(event: OutsideEvent, id = `event-${++this.#events}`): Turn {
    return this.take({ kind: 'event', id, event });
  }

  /** Moves the clock to the earliest durable due time and fires that timer. */
  fireNextTimer(): Turn {
    const [timer] = Object.entries(this.state.live.timers)
      .filter(([, { dueMs }]) => dueMs !== undefined)
      .toSorted(([, a], [, b]) => (a.dueMs ?? 0) - (b.dueMs ?? 0));
    if (timer === undefined) throw new Error('no timer is armed');
    return this.#fire(...timer);
  }

  /** Fires the live timer whose id contains the text, at its due time. */
  fireTimer(text: string): Turn {
    const timer = Object.entries(this.state.live.timers).find(([id]) => id.includes(text));
    if (timer === undefined) throw new Error(`no timer with "${text}" is armed`);
    return this.#fire(...timer);
  }

  tokenOf(activity: string): number {
    const live = this.state.live.activities[activity];
    if (live === undefined) throw new Error(`${activity} is not live in ${this.trail.at(-1)}`);
    return live.token;
  }

  stepStatus(name: string): string | undefined {
    return this.state.steps.find((step) => step.name === name)?.status;
  }

  #fire(timer: string, { dueMs, token }: LiveTimer): Turn {
    this.nowMs = Math.max(this.nowMs, dueMs ?? 0);
    return this.take({ kind: 'timer', timer, token });
  }

  #note(effects: readonly Effect[]): void {
    this.#attempts.push(...effects.flatMap(attemptOf));
  }
}

// What comes from outside is taken as the engine takes it.
function asTaken<I extends Exclude<Inbound, { kind: 'start' }>>(inbound: I): I {
  if (inbound.kind === 'event') return { ...inbound, event: takeJson(inbound.event, 'event') };
  if (inbound.kind !== 'result' || inbound.outcome.kind !== 'done') return inbound;
  const output = takeJson(inbound.outcome.output, `output of ${inbound.activity}`);
  return { ...inbound, outcome: { ...inbound.outcome, output } };
}
