/**
 * The real engine for tests: over SQLite in memory, on a clock that moves only when told, so that a
 * saga of thirty days takes milliseconds and comes out the same at every run.
 *
 * Invariant: when a method resolves, nothing is under way but what waits for the clock, for an
 * event, or hangs on purpose.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Contract } from '../core/activity.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { type Duration, toMs } from '../core/duration.ts';
import type { OperatorCommand, OutsideEvent } from '../core/turn/inbound.ts';
import { recordOfLine, replay } from '../core/history/replay.ts';
import { isSettled, type SagaStatus } from '../core/status.ts';
import { strictly } from '../core/machine/strict-machine.ts';
import type { Backstep, Bindings } from '../host/backstep.ts';
import type { SendOptions } from '../host/saga-handle.ts';
import { memoryDatabases, type MemoryDatabase } from '../store/sqlite/memory-store.ts';
import { PassingTime } from './passing-time.ts';
import { type SagaStory, storyOf } from './saga-story.ts';
import { ProcessDied, type ProcessOptions, TestProcess } from './test-process.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a saga is bound to; `FakeActivities` fits. */
export interface TestBindings<C extends object = Contract> extends Bindings<C> {
  /** How many of its calls hang just now and will not answer. */
  readonly hanging?: number;
  /** Told at a crash. */
  forgetHanging?(): void;
}

export interface TestEngineOptions extends ProcessOptions {
  /** Where the clock starts, milliseconds since 1970. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /** Participants' migrations, for transactional activities. */
  readonly migrationsFolder?: string;
  /** As `openBackstep` takes it. Default: none. */
  readonly tablePrefix?: string;
  /** @internal The database to run on, of `memoryDatabases`. Default: an empty one. */
  readonly database?: MemoryDatabase;
}

/** Longest that an activity which is no fake may take, by the machine's own clock. */
const PATIENCE_MS = 5_000;
/** Most moves of the clock that one call makes. */
const MAX_MOVES = 100_000;

/**
 * Opens an engine for one saga; `register` adds others.
 *
 * @example
 * const fakes = new FakeActivities(tripSaga).always('chargeCard', 'permanent');
 * const engine = await openTestEngine(tripSaga, fakes);
 * expect(await engine.run({ trip: 't-1' })).toHaveCompensatedInOrder(['bookHotel']);
 */
export async function openTestEngine<C extends object>(
  definition: SagaDefinition<C>,
  bindings: TestBindings<C>,
  options: TestEngineOptions = {},
): Promise<TestEngine> {
  const { migrationsFolder, tablePrefix } = options;
  const database = options.database ?? (await memoryDatabases(migrationsFolder, tablePrefix))();
  const engine = new TestEngine(database, options, definition.id);
  engine.register(definition, bindings);
  await engine.boot();
  return engine;
}

interface Registered {
  readonly definition: SagaDefinition;
  readonly bindings: TestBindings;
}

export class TestEngine {
  readonly clock: VirtualClock;
  /** @internal */
  readonly database: MemoryDatabase;
  readonly #options: TestEngineOptions;
  readonly #type: string;
  readonly #registered: Registered[] = [];
  readonly #time: PassingTime;
  #process: TestProcess | null = null;
  #processes = 0;

  /** @internal `openTestEngine` makes one. */
  constructor(database: MemoryDatabase, options: TestEngineOptions, type: string) {
    this.clock = new VirtualClock(options.startMs);
    this.database = database;
    this.#options = options;
    this.#type = type;
    this.#time = new PassingTime(this.clock, {
      running: () => this.#running(),
      quiet: () => this.quiet(),
    });
  }

  /** The engine that runs now; another one after a crash. */
  get backstep(): Backstep {
    return this.#running().backstep;
  }

  /** Binds another saga, such as a child; from now on, and after every crash again. */
  register<C extends object>(definition: SagaDefinition<C>, bindings: TestBindings<C>): this {
    // In the list every contract is alike; what was bound fits the definition it stands with.
    const registered = { definition: strictly(definition), bindings } as unknown as Registered;
    this.#registered.push(registered);
    if (this.#process !== null) bind(this.#process, registered);
    return this;
  }

  /** Starts a saga, of the first type unless told, and gives its id. */
  async spawn(input: unknown, { type = this.#type, key }: SpawnTestOptions = {}): Promise<string> {
    const process = this.#running();
    const options = { input, ...(key === undefined ? {} : { key }) };
    const { id } = await process.answer(process.backstep.spawn(type, options));
    await this.quiet();
    return id;
  }

  /** Starts a saga and moves the clock on until it is settled. */
  async run(input: unknown, options: SpawnTestOptions = {}): Promise<SagaStory> {
    return this.settled(await this.spawn(input, options));
  }

  /** Moves the clock on until the saga is settled. Throws when it waits for something else. */
  settled(id: string): Promise<SagaStory> {
    return this.#until(id, isSettled);
  }

  /** Moves the clock on until the saga has this status. Throws when it settles or waits before. */
  reached(id: string, status: SagaStatus): Promise<SagaStory> {
    return this.#until(id, (each) => each === status);
  }

  /** As `reached`, but stops as well where the saga settles before. */
  settledOr(id: string, status: SagaStatus): Promise<SagaStory> {
    return this.#until(id, (each) => each === status || isSettled(each));
  }

  /** Sends an event and lets everything happen that follows from it at once. */
  async send(id: string, event: OutsideEvent, options?: SendOptions): Promise<SagaStory> {
    const process = this.#running();
    await process.answer(process.backstep.saga(id).send(event, options));
    await this.quiet();
    return this.story(id);
  }

  /** Gives an operator's order and lets everything happen that follows from it at once. */
  async command(id: string, command: OperatorCommand): Promise<SagaStory> {
    const process = this.#running();
    await process.answer(process.backstep.saga(id).command(command));
    await this.quiet();
    return this.story(id);
  }

  /** Moves the clock on, and lets everything happen that falls due on the way, in order. */
  async advance(duration: Duration): Promise<void> {
    const untilMs = this.clock.nowMs() + toMs(duration, 'advance');
    for (let moves = 0; this.clock.nowMs() < untilMs; moves++) {
      await this.#time.move(untilMs);
      if (moves > MAX_MOVES) throw new Error(`${duration} took more than ${MAX_MOVES} moves`);
    }
  }

  /**
   * The process dies at once, as at `kill -9`: whatever a test waits for throws `ProcessDied`, and
   * `crash` starts another process.
   */
  kill(): void {
    this.#running().kill();
  }

  /** The process dies at once, unless it is dead already, and another one starts on what was durable. */
  async crash(): Promise<void> {
    this.kill();
    for (const { bindings } of this.#registered) bindings.forgetHanging?.();
    await this.boot();
  }

  /** Everything about one saga so far, by replaying its journal. Throws when that cannot be. */
  async story(id: string): Promise<SagaStory> {
    const { read } = this.backstep;
    const record = await read.saga(id);
    const known = this.backstep.definitions().find((each) => each.id === record?.type);
    if (record === null || known === undefined) throw new Error(`there is no saga ${id}`);
    const lines = [];
    for (let cursor: string | null = null; ;) {
      const page = await read.transitions(id, { limit: 200, cursor });
      lines.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    return storyOf(known, id, replay(known, id, lines.map(recordOfLine)));
  }

  /** Lets everything happen that needs no time to pass. */
  async quiet(): Promise<void> {
    const startedMs = Date.now();
    for (;;) {
      // The engine's own work is all promises, done when the event loop comes round.
      await nextTick();
      await nextTick();
      const { store, backstep, isAlive } = this.#running();
      if (!isAlive) throw new ProcessDied();
      const hanging = this.#registered.reduce((sum, { bindings: b }) => sum + (b.hanging ?? 0), 0);
      const { activitiesInFlight } = backstep.figures();
      if (!store.hasQueued && activitiesInFlight <= hanging) return;
      if (Date.now() - startedMs < PATIENCE_MS) continue;
      throw new Error(
        `an activity has not answered for ${PATIENCE_MS} ms of real time; use a fake that ` +
          'hangs, whose time-out then passes on the virtual clock',
      );
    }
  }

  /** Starts a process; `openTestEngine` has done it. */
  async boot(): Promise<void> {
    this.#processes += 1;
    const process = new TestProcess(this.database, this.clock, this.#options, this.#processes);
    this.#process = process;
    for (const registered of this.#registered) bind(process, registered);
    await process.answer(process.backstep.start());
    await this.quiet();
  }

  close(): void {
    this.#process?.kill();
    this.#process = null;
    this.database.close();
  }

  async #until(id: string, isThere: (status: SagaStatus) => boolean): Promise<SagaStory> {
    for (let moves = 0; moves < MAX_MOVES; moves++) {
      await this.quiet();
      const state = await this.backstep.saga(id).state();
      if (state === null) throw new Error(`there is no saga ${id}`);
      if (isThere(state.status) || isSettled(state.status)) {
        const story = await this.story(id);
        if (isThere(state.status)) return story;
        throw new Error(`saga ${id} settled as ${state.status} before`);
      }
      const isMoved = await this.#time.move(Infinity);
      if (!isMoved) throw new Error(`saga ${id} is ${state.status} and no timer is armed`);
    }
    throw new Error(`saga ${id} did not get there in ${MAX_MOVES} moves of the clock`);
  }

  #running(): TestProcess {
    if (this.#process === null) throw new Error('the engine is closed');
    return this.#process;
  }
}

// What only tests know of stays here.
function bind({ backstep }: TestProcess, { definition, bindings }: Registered): void {
  const { hanging: _hanging, forgetHanging: _forget, ...rest } = bindings;
  backstep.register(definition, rest);
}

export interface SpawnTestOptions {
  readonly type?: string;
  /** Start key. */
  readonly key?: string;
}
