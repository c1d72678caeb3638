/**
 * A counter-example of `verify` taken again by the real engine, over SQLite and on a clock that
 * moves when told: its activities answer in the order and in the manner that the way says.
 */
import type { Activities, ActivityContext } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { recordOfLine, replay, type ReplayedTurn } from '../../src/core/history/replay.ts';
import { statePath } from '../../src/core/machine/state-path.ts';
import type { LiveActivity, SagaState } from '../../src/core/state.ts';
import type { MemoryDatabase } from '../../src/store/sqlite/memory-store.ts';
import { FakeActivities, type FakeOutcome } from '../../src/testing/fake-activities.ts';
import { openTestEngine, type TestEngine } from '../../src/testing/test-engine.ts';
import type { Finding } from '../../src/verify/findings.ts';
import type { Move } from '../../src/verify/moves/move.ts';
import { movesOf } from '../../src/verify/moves/moves.ts';
import type { ExampleValues } from '../../src/verify/values/examples.ts';
import { inputOf, parkedText, Watcher } from './retake.ts';

/** What came of it on the engine. */
export type Retaken =
  /** What the engine shows at the end of the way. */
  | { readonly kind: 'shown'; readonly what: string }
  /** The way was taken to its end, and nothing is wrong there. */
  | { readonly kind: 'nothing' }
  /** The way leads elsewhere, as where another timer is due first. */
  | { readonly kind: 'elsewhere'; readonly at: string };

/** So often an attempt is begun again, and once more. */
const MAX_CRASHES = 12;

/** Takes the way of a finding; the saga has no children. */
export async function retakeOnEngine(
  definition: SagaDefinition,
  examples: ExampleValues,
  finding: Finding,
  database: MemoryDatabase,
): Promise<Retaken> {
  const held = new HeldActivities(definition);
  const engine = await openTestEngine(definition, held, { database });
  try {
    return await new EngineRetake(engine, held, definition, examples, finding).take();
  } finally {
    engine.close();
  }
}

class EngineRetake {
  readonly #engine: TestEngine;
  readonly #held: HeldActivities;
  readonly #definition: SagaDefinition;
  readonly #examples: ExampleValues;
  readonly #finding: Finding;
  readonly #watcher: Watcher;
  #id = '';
  #turns = 0;

  constructor(
    engine: TestEngine,
    held: HeldActivities,
    definition: SagaDefinition,
    examples: ExampleValues,
    finding: Finding,
  ) {
    this.#engine = engine;
    this.#held = held;
    this.#definition = definition;
    this.#examples = examples;
    this.#finding = finding;
    this.#watcher = new Watcher(definition, finding.code);
  }

  async take(): Promise<Retaken> {
    const { way, code } = this.#finding;
    this.#id = await this.#engine.spawn(inputOf(this.#examples, way));
    let { state } = await this.#look(null);
    for (const { event, state: wanted } of way.slice(1)) {
      const moves = movesOf(this.#definition, state, this.#examples);
      const move = moves.find(({ label }) => label === event);
      if (move === undefined) return { kind: 'elsewhere', at: `${event}: cannot happen` };
      this.#watcher.tell(move, state);
      await this.#make(move, state);
      const seen = await this.#look(move);
      ({ state } = seen);
      if (state.status === 'parked') return await this.#parked(state);
      if (!seen.isMoved && code === 'unhandled-outcome') {
        return { kind: 'shown', what: `"${event}" is lost` };
      }
      const at = statePath(state.snapshot.value);
      if (at !== wanted) return { kind: 'elsewhere', at: `${event}: in ${at}, not ${wanted}` };
    }
    const what = this.#watcher.faultIn(state);
    return what === null ? { kind: 'nothing' } : { kind: 'shown', what };
  }

  /** Whoever sees to sagas is told of it. */
  async #parked(state: SagaState): Promise<Retaken> {
    let isListed = false;
    for await (const { row, openLetter } of this.#engine.database.stored.sagas()) {
      isListed ||= row.id === this.#id && openLetter !== null;
    }
    return isListed ? { kind: 'shown', what: parkedText(state) } : { kind: 'nothing' };
  }

  async #make({ inbound, subject }: Move, state: SagaState): Promise<void> {
    const engine = this.#engine;
    switch (inbound.kind) {
      case 'event':
        await engine.send(this.#id, inbound.event);
        return;
      case 'command':
        await engine.command(this.#id, inbound.command);
        return;
      case 'timer':
        return this.#passTo(inbound.timer, state);
      case 'interrupted':
        return this.#interrupt(inbound.activity);
      case 'result': {
        const live = state.live.activities[inbound.activity];
        if (live === undefined) throw new Error(`${subject} is not under way`);
        this.#held.release(this.#id, live, outcomeOf(inbound.outcome, live));
        return engine.quiet();
      }
      case 'admit':
      case 'migrate':
      case 'move':
      case 'park':
      case 'told':
        throw new Error(`${inbound.kind} is no move of a saga without children`);
    }
  }

  /** Until the timer is over, or something else has happened. */
  async #passTo(timer: string, { live, seq }: SagaState): Promise<void> {
    const { dueMs, delayMs = 0 } = live.timers[timer] ?? {};
    const nowMs = this.#engine.clock.nowMs();
    await this.#engine.advance(Math.max(1, dueMs === undefined ? delayMs : dueMs - nowMs));
    const isOver = (await this.#state()).seq > seq;
    // The engine looks at its clock in steps.
    if (!isOver) await this.#engine.advance('1s');
  }

  async #interrupt(activity: string): Promise<void> {
    const tokenOf = (state: SagaState): unknown => state.live.activities[activity]?.token;
    const token = tokenOf(await this.#state());
    for (let crashes = 0; crashes < MAX_CRASHES; crashes++) {
      await this.#engine.crash();
      if (tokenOf(await this.#state()) !== token) return;
    }
  }

  /** Has the watcher see every turn since the last look. */
  async #look(
    move: Move | null,
  ): Promise<{ readonly state: SagaState; readonly isMoved: boolean }> {
    const turns = await this.#replayed();
    const before = turns[this.#turns - 1]?.state ?? null;
    let last = before;
    for (const taken of turns.slice(this.#turns)) {
      // An attempt that begins again after a crash is still the same one.
      const isAgain = move?.inbound.kind === 'interrupted' && taken.record.note !== undefined;
      if (!isAgain) this.#watcher.note(taken, move, last);
      last = taken.state;
    }
    this.#turns = turns.length;
    if (last === null) throw new Error(`saga ${this.#id} has no journal`);
    return { state: last, isMoved: last.snapshot !== before?.snapshot };
  }

  async #replayed(): Promise<readonly ReplayedTurn[]> {
    const { read } = this.#engine.backstep;
    const { items } = await read.transitions(this.#id, { limit: 200, cursor: null });
    const { turns, flaw } = replay(this.#definition, this.#id, items.map(recordOfLine));
    if (flaw !== null) throw new Error(`the journal does not replay: ${flaw.why}`);
    return turns;
  }

  async #state(): Promise<SagaState> {
    const state = await this.#engine.backstep.saga(this.#id).state();
    if (state === null) throw new Error(`there is no saga ${this.#id}`);
    return state;
  }
}

type Outcome = Extract<Move['inbound'], { kind: 'result' }>['outcome'];

/** What the fake does for the saga to hear this. What nobody knows of has happened, going forward. */
function outcomeOf(outcome: Outcome, { direction }: LiveActivity): FakeOutcome {
  if (outcome.kind === 'done') return { output: outcome.output };
  const { ambiguous, retryable } = outcome.failure;
  if (!ambiguous) return retryable ? 'fail' : 'permanent';
  return direction === 'forward' ? 'applied-then-lost' : 'lost';
}

/** Fakes that answer nothing before they are told to. */
class HeldActivities {
  readonly activities: Activities<object>;
  readonly #fakes: FakeActivities;
  readonly #held = new Map<string, (outcome: FakeOutcome) => void>();

  constructor(definition: SagaDefinition) {
    this.#fakes = new FakeActivities(definition);
    const bound = definition.activities.map((name) => [
      name,
      (input: unknown, context: ActivityContext) => this.#hold(name, input, context),
    ]);
    this.activities = Object.fromEntries(bound) as Activities<object>;
  }

  get hanging(): number {
    return this.#held.size;
  }

  forgetHanging(): void {
    this.#held.clear();
  }

  /** Lets the call of this attempt end so. */
  release(sagaId: string, live: LiveActivity, outcome: FakeOutcome): void {
    const { step, direction, occurrence } = live;
    const key = `${sagaId}/${step}/${direction}/${occurrence}`;
    const go = this.#held.get(key);
    if (go === undefined) throw new Error(`${key} was not called`);
    this.#held.delete(key);
    go(outcome);
  }

  #hold(name: string, input: unknown, context: ActivityContext): Promise<unknown> {
    const { key, signal } = context;
    return new Promise((resolve, reject) => {
      this.#held.set(key, (outcome) => {
        const { activities } = this.#fakes.script(name as never, outcome);
        const call = (activities as Record<string, (...args: unknown[]) => Promise<unknown>>)[name];
        call?.(input, context).then(resolve, reject);
      });
      signal.addEventListener('abort', () => this.#held.delete(key), { once: true });
    });
  }
}
