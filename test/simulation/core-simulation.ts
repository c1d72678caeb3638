/**
 * The pure core alone under random outcomes: no engine, no disk, no promises, so that a million
 * runs are a matter of minutes. Every turn is judged by what happened outside, told from effects
 * and answers alone: a compensated saga leaves nothing standing, a completed one lacks nothing, and
 * the journal replays to the same text.
 */
import { encodeState } from '../../src/core/history/codec.ts';
import { CHILD_COMPLETED, type Failure } from '../../src/core/failure.ts';
import { unitInterval } from '../../src/core/hash.ts';
import type {
  Effect,
  Inbound,
  JournalRecord,
  AttemptOutcome,
  Turn,
} from '../../src/core/turn/inbound.ts';
import { replay, storedTextOf } from '../../src/core/history/replay.ts';
import type { SagaState } from '../../src/core/state.ts';
import { isSettled, type SagaStatus } from '../../src/core/status.ts';
import { begin, turn } from '../../src/core/turn/turn.ts';
import type { Unwork } from './block-sagas.ts';
import type { SimSaga } from './sim-saga.ts';
import { drawSaga } from './sim-sagas.ts';

export interface CoreResult {
  readonly status: SagaStatus;
  readonly turns: number;
  /** What was wrong; `null`: nothing. */
  readonly fault: string | null;
  readonly records: readonly JournalRecord[];
}

type StartEffect = Extract<Effect, { kind: 'start-activity' }>;

const MAX_TURNS = 400;
/** One run in so many has its journal replayed: that costs as much as the run. */
const REPLAYED_EVERY = 16;

const failure = (code: string, retryable: boolean, ambiguous: boolean): Failure => ({
  code,
  message: `the remote was ${code}`,
  retryable,
  ambiguous,
});
const REFUSED = failure('refused', false, false);
const BUSY = failure('busy', true, false);
const LOST = failure('lost', true, true);
const COMPLETED = failure(CHILD_COMPLETED, false, true);

/** One run. `saga`: by chance when `null`. */
export function simulateCore(seed: number, saga: SimSaga | null = null): CoreResult {
  const chosen = saga ?? drawSaga(unitInterval(`saga:${seed}`));
  return new CoreRun(chosen, seed).run();
}

class CoreRun {
  readonly #saga: SimSaga;
  readonly #seed: number;
  readonly #badness: number;
  readonly #records: JournalRecord[] = [];
  /** What stands outside, by forward key. */
  readonly #standing = new Map<string, string>();
  readonly #fenced = new Set<string>();
  /** What the saga was answered, by forward key. */
  readonly #brought = new Map<string, unknown>();
  readonly #keys = new Map<string, StartEffect>();
  #draws = 0;
  #nowMs = 1_000_000;
  #fault: string | null = null;

  constructor(saga: SimSaga, seed: number) {
    this.#saga = saga;
    this.#seed = seed;
    this.#badness = unitInterval(`badness:${seed}`) * 0.4;
  }

  run(): CoreResult {
    const { definition } = this.#saga;
    const input = inputOf(this.#saga);
    let state = this.#take(begin(definition, 'saga-1', input, this.#nowMs)) ?? null;
    for (let count = 0; state !== null && count < MAX_TURNS; count++) {
      if (this.#fault !== null || isSettled(state.status)) break;
      const inbound = this.#next(state);
      if (inbound === null) {
        this.#fault = `nothing can happen any more while ${state.status}`;
        break;
      }
      state = this.#take(turn(definition, state, inbound, this.#nowMs)) ?? state;
    }
    if (state === null) throw new Error('a start is never refused');
    this.#judge(state);
    const { status, seq: turns } = state;
    return { status, turns, fault: this.#fault, records: this.#records };
  }

  #take(taken: Turn): SagaState | null {
    if (taken.kind === 'refused') return null;
    this.#records.push(taken.record);
    if (taken.kind === 'noted') return taken.state;
    for (const effect of taken.effects) {
      if (effect.kind !== 'start-activity') continue;
      this.#keys.set(effect.activity, effect);
      this.#judgeInput(effect);
    }
    return taken.state;
  }

  /** The next thing to happen: mostly an answer, sometimes the clock or somebody from outside. */
  #next(state: SagaState): Exclude<Inbound, { kind: 'start' }> | null {
    const activities = Object.entries(state.live.activities);
    const timers = Object.entries(state.live.timers);
    const luck = this.#chance();
    if (luck < 0.02) return { kind: 'command', command: { name: 'cancel' } };
    const event = this.#saga.events[Math.floor(this.#chance() * this.#saga.events.length)];
    if (event !== undefined && state.status === 'waiting' && luck < 0.7) {
      return { kind: 'event', id: `event-${state.seq}`, event };
    }
    const [activity, live] = activities[Math.floor(this.#chance() * activities.length)] ?? [];
    if (activity !== undefined && live !== undefined && this.#chance() > this.#badness / 8) {
      if (this.#chance() < this.#badness / 8) {
        return { kind: 'interrupted', activity, token: live.token };
      }
      return { kind: 'result', activity, token: live.token, outcome: this.#answer(activity) };
    }
    const due = timers.toSorted(([, a], [, b]) => (a.dueMs ?? 0) - (b.dueMs ?? 0));
    const [timer, armed] = due[0] ?? [];
    if (timer === undefined || armed === undefined) {
      return activity === undefined || live === undefined
        ? null
        : { kind: 'result', activity, token: live.token, outcome: this.#answer(activity) };
    }
    const role = this.#saga.definition.timers.get(timer);
    // An attempt that times out may have had its effect all the same.
    if (role?.kind === 'attempt-timeout' && this.#chance() < 0.5) this.#happen(role.activity);
    this.#nowMs = Math.max(this.#nowMs, armed.dueMs ?? 0);
    return { kind: 'timer', timer, token: armed.token };
  }

  #answer(activity: string): AttemptOutcome {
    const outcome = this.#drawAnswer(activity);
    const { key, direction } = this.#keys.get(activity) ?? {};
    if (outcome.kind === 'done' && direction === 'forward') {
      this.#brought.set(key ?? '', outcome.output);
    }
    return outcome;
  }

  /** A compensation carries what the run that it undoes has brought. */
  #judgeInput({ activity, direction, forwardKey, input, child }: StartEffect): void {
    if (!this.#saga.carriesRuns || direction !== 'compensate' || child !== null) return;
    const { brought } = input as Unwork;
    const wanted = this.#brought.get(forwardKey ?? '') ?? null;
    if (JSON.stringify(brought) === JSON.stringify(wanted)) return;
    const [is, was] = [JSON.stringify(brought), JSON.stringify(wanted)];
    this.#fault ??= `${activity} carries ${is} for ${forwardKey}, which brought ${was}`;
  }

  #drawAnswer(activity: string): AttemptOutcome {
    const luck = this.#chance();
    if (luck < this.#badness / 4) return { kind: 'failed', failure: REFUSED };
    if (luck < this.#badness / 2) return { kind: 'failed', failure: BUSY };
    if (luck < this.#badness) {
      if (this.#chance() < 0.5) this.#happen(activity);
      return { kind: 'failed', failure: LOST };
    }
    return this.#happen(activity);
  }

  /** The effect of the attempt happens outside. */
  #happen(activity: string): AttemptOutcome {
    const effect = this.#keys.get(activity);
    if (effect === undefined) throw new Error(`${activity} was never started`);
    const { key, forwardKey, step, direction, src, child } = effect;
    const output = this.#saga.outputOf(src, forwardKey ?? key);
    // A child that had completed is not unwound: its parent has to undo it.
    if (child?.isUnwinding === true) {
      return this.#standing.has(forwardKey ?? '')
        ? { kind: 'failed', failure: COMPLETED }
        : { kind: 'done', output: null };
    }
    if (direction === 'compensate') {
      this.#standing.delete(forwardKey ?? '');
      this.#fenced.add(forwardKey ?? '');
    } else if (direction === 'forward') {
      if (this.#fenced.has(key)) return { kind: 'failed', failure: REFUSED };
      this.#standing.set(key, step);
    } else if (this.#standing.has(forwardKey ?? '')) {
      const answer = { kind: 'happened', output: this.#saga.outputOf(step, forwardKey ?? '') };
      return { kind: 'done', output: answer };
    } else {
      this.#fenced.add(forwardKey ?? '');
      return { kind: 'done', output: { kind: 'never' } };
    }
    return { kind: 'done', output };
  }

  #judge(state: SagaState): void {
    const standing = [...this.#standing.values()];
    if (!isSettled(state.status)) this.#fault ??= `still ${state.status} after ${MAX_TURNS} turns`;
    if (state.status === 'parked') this.#fault ??= `parked: ${state.parkReason?.message ?? ''}`;
    if (state.status === 'compensated' && standing.length > 0) {
      this.#fault ??= `compensated and ${standing.join(', ')} stands`;
    }
    const { input } = (state.snapshot.context ?? {}) as { readonly input?: unknown };
    const wanted = this.#saga.stepsOf(input) ?? standing.length;
    if (state.status === 'completed' && standing.length !== wanted) {
      this.#fault ??= `completed with ${standing.join(', ') || 'nothing'}`;
    }
    if (this.#seed % REPLAYED_EVERY !== 0) return;
    const replayed = replay(this.#saga.definition, state.id, this.#records);
    if (replayed.flaw !== null) this.#fault ??= `replay: ${replayed.flaw.why}`;
    if (storedTextOf(replayed) !== encodeState(state)) this.#fault ??= 'replay: another state';
  }

  #chance(): number {
    this.#draws += 1;
    return unitInterval(`${this.#draws}:${this.#seed}`);
  }
}

const inputs = new WeakMap<SimSaga, unknown>();

/** The input as parsing gives it, the same for every run; the schemas of machines/ are synchronous. */
function inputOf(saga: SimSaga): unknown {
  const { definition } = saga;
  if (definition.examples.input !== undefined) return definition.examples.input;
  if (inputs.has(saga)) return inputs.get(saga);
  const parsed = definition.input?.['~standard'].validate(saga.inputOf('order-1', 1));
  if (parsed === undefined || parsed instanceof Promise || parsed.issues !== undefined) {
    throw new Error('the input of the simulated saga is refused');
  }
  inputs.set(saga, parsed.value);
  return parsed.value;
}
