/**
 * Runs a saga again and again, each time killing the process at other points: before and after
 * every commit, and after every effect, for every choice of up to two crashes. However it was
 * killed, the saga must come to a sound end, what is stored must be what its journal gives, and
 * every compensation must have been called for the run that it undoes, with what that run brought.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../core/define/definition.ts';
import type { CommandName } from '../core/turn/inbound.ts';
import { isSettled, needsPerson, type SagaStatus } from '../core/status.ts';
import type { DeadLetterContents } from '../core/turn/dead-letter.ts';
import { memoryDatabases, type MemoryDatabase } from '../store/sqlite/memory-store.ts';
import { flawsOf } from './crash-judge.ts';
import { FakeActivities, type FakeOptions } from './fake-activities.ts';
import { sagaMatchers } from './matchers.ts';
import { ownExamples } from './own-examples.ts';
import type { SagaStory } from './saga-story.ts';
import { openTestEngine, type TestEngine } from './test-engine.ts';
import { ProcessDied } from './test-process.ts';

/** The world that a saga runs in. */
export interface CrashWorld extends Omit<FakeOptions, 'onEffect'> {
  /** The input as it comes from outside. Default: the saga's example, else made up. */
  readonly input?: unknown;
  /** Events that are sent one after the other, each once the saga waits. */
  readonly events?: readonly EventObject[];
  /**
   * What a person orders, by saga id, whenever a saga of that type needs one. Default: nobody comes,
   * and the run is over with a saga that needs a person.
   */
  readonly person?: Readonly<Record<string, CommandName>>;
  /** How the activities of child sagas behave, by saga id. Default: all goes well. */
  readonly children?: Readonly<Record<string, FakeOptions>>;
}

export interface CrashOptions {
  /** Default 2. */
  readonly maxCrashes?: 0 | 1 | 2;
  /** Runs after which it gives up, with an error. Default 20,000. */
  readonly maxRuns?: number;
  /** Told the count at the end. Default `console.log`. */
  readonly print?: (line: string) => void;
}

/** What came out. */
export interface CrashReport {
  /** Points at which the run without a crash could have been killed. */
  readonly points: number;
  readonly runs: number;
  /** How often the saga ended so. */
  readonly ends: Readonly<Partial<Record<SagaStatus, number>>>;
}

const MAX_RUNS = 20_000;
/** How often a person comes in one run. */
const MAX_ORDERS = 20;

/**
 * Resolves with the count once every run came out well. Throws on the first one that did not, with
 * the points at which it was killed.
 *
 * @example
 * await crashEverywhere(tripSaga, { input: { trip: 't-1' }, always: { chargeCard: 'permanent' } });
 */
export async function crashEverywhere<C extends object>(
  definition: SagaDefinition<C>,
  world: CrashWorld = {},
  options: CrashOptions = {},
): Promise<CrashReport> {
  const { maxCrashes = 2, maxRuns = MAX_RUNS, print = console.log } = options;
  const makeDatabase = await memoryDatabases();
  const ends: Partial<Record<SagaStatus, number>> = {};
  let runs = 0;

  // One crash at every point before two at any: what fails is shown with the fewest.
  let points = 0;
  let choices: (readonly number[])[] = [[]];
  for (let count = 0; count <= maxCrashes; count++) {
    const more: (readonly number[])[] = [];
    for (const crashes of choices) {
      if (++runs > maxRuns) {
        throw new Error(`saga "${definition.id}" has more than ${maxRuns} runs; raise maxRuns`);
      }
      const outcome = await new CrashRun(definition, world, crashes).run(makeDatabase());
      ends[outcome.status] = (ends[outcome.status] ?? 0) + 1;
      if (count === 0) points = outcome.points;
      for (let point = (crashes.at(-1) ?? 0) + 1; point <= outcome.points; point++) {
        more.push([...crashes, point]);
      }
    }
    choices = more;
  }
  const told = Object.entries(ends).map(([status, count]) => `${count} ${status}`);
  print(
    `${definition.id}: ${points} crash points, ${runs} runs with up to ${maxCrashes} crashes: ` +
      told.join(', '),
  );
  return { points, runs, ends };
}

interface Outcome {
  readonly status: SagaStatus;
  readonly points: number;
}

class CrashRun {
  readonly #definition: SagaDefinition;
  readonly #world: CrashWorld;
  readonly #crashes: readonly number[];
  readonly #fakes: FakeActivities;
  /** Those of child sagas too. */
  readonly #allFakes: FakeActivities[] = [];
  readonly #killedAt: string[] = [];
  #engine: TestEngine | null = null;
  #points = 0;

  constructor(definition: SagaDefinition, world: CrashWorld, crashes: readonly number[]) {
    this.#definition = definition;
    this.#world = world;
    this.#crashes = crashes;
    this.#fakes = this.#fakesOf(definition, world);
  }

  async run(database: MemoryDatabase): Promise<Outcome> {
    const hooks = {
      beforeCommit: () => this.#reach('before a commit'),
      afterCommit: () => this.#reach('after a commit'),
    };
    const engine = await openTestEngine(this.#definition, this.#fakes, { database, hooks });
    try {
      this.#engine = engine;
      this.#registerChildren(engine, this.#definition);
      const story = await this.#live(engine);
      await this.#judge(story, database);
      return { status: story.status, points: this.#points };
    } finally {
      engine.close();
    }
  }

  async #live(engine: TestEngine): Promise<SagaStory> {
    for (;;) {
      try {
        return await this.#tryToLive(engine);
      } catch (error) {
        if (!(error instanceof ProcessDied)) throw error;
        await this.#restart(engine);
      }
    }
  }

  /** As a caller does that was not answered: the same start again, the same events again. */
  async #tryToLive(engine: TestEngine): Promise<SagaStory> {
    const { input, events = [] } = this.#world;
    const start = input ?? ownExamples(this.#definition).input;
    const id = await engine.spawn(start, { key: 'crash-everywhere' });
    for (const [index, event] of events.entries()) {
      const { status } = await engine.settledOr(id, 'waiting');
      if (isSettled(status)) break;
      await engine.send(id, event, { eventId: `event-${index + 1}` });
    }
    for (let orders = 0; orders < MAX_ORDERS; orders++) {
      const end = await settledOrStuck(engine, id);
      if (await this.#hasPersonDecided(engine)) continue;
      if (end instanceof Error) throw end;
      return end;
    }
    this.#fail(`it still needs a person after ${MAX_ORDERS} orders`);
  }

  async #hasPersonDecided(engine: TestEngine): Promise<boolean> {
    const { person = {} } = this.#world;
    let hasDecided = false;
    for await (const { row } of engine.database.stored.sagas()) {
      const name = person[row.type];
      if (name === undefined || !needsPerson(row.status)) continue;
      if ((await engine.backstep.saga(row.id).state())?.resolution !== null) continue;
      await engine.command(row.id, { name });
      hasDecided = true;
    }
    return hasDecided;
  }

  /** A process may be killed while it recovers, too. */
  async #restart(engine: TestEngine): Promise<void> {
    for (;;) {
      try {
        return await engine.crash();
      } catch (error) {
        if (!(error instanceof ProcessDied)) throw error;
      }
    }
  }

  #reach(what: string): void {
    this.#points += 1;
    if (!this.#crashes.includes(this.#points)) return;
    this.#killedAt.push(`${this.#points} (${what})`);
    this.#engine?.kill();
  }

  async #judge(story: SagaStory, database: MemoryDatabase): Promise<void> {
    const { status } = story;
    const { pass, message } = sagaMatchers.toBeSound(story);
    if (!pass) this.#fail(message());
    const { parkReason } = story.state;
    if (status === 'parked') this.#fail(`it is parked: ${parkReason?.message ?? ''}`, story);
    const standing = this.#fakes.standing;
    if (status === 'compensated' && standing.length > 0) {
      this.#fail(`the saga is compensated and ${standing.join(', ')} stands`, story);
    }
    for (const { name, status: at } of story.state.steps) {
      if (at !== 'completed' || standing.includes(name) || !this.#isFaked(name)) continue;
      this.#fail(`${name} is completed and has no effect`, story);
    }
    for await (const stored of database.stored.sagas()) {
      const definition = this.#known(this.#definition, stored.row.type);
      const flaws = definition === null ? [] : flawsOf(definition, stored, this.#allFakes);
      for (const flaw of flaws) this.#fail(flaw, story);
      if (stored.openLetter === null || stored.row.id !== story.id) continue;
      const { outstanding } = JSON.parse(stored.openLetter.letter) as DeadLetterContents;
      const missing = standing.filter((step) => !outstanding.includes(step));
      if (missing.length > 0 && status !== 'failed') {
        this.#fail(`the dead letter does not list ${missing.join(', ')}`, story);
      }
    }
  }

  #fail(why: string, story?: SagaStory): never {
    const where = this.#killedAt.join(' and ');
    const killed = where === '' ? 'without a crash' : `killed at point ${where}`;
    const trail = story === undefined ? '' : `\n  trail: ${story.trail.join(' → ')}`;
    throw new Error(`saga "${this.#definition.id}", ${killed}: ${why}${trail}`);
  }

  /** False for a step that runs a child saga. */
  #isFaked(step: string): boolean {
    return this.#fakes.effects.some((effect) => effect.step === step) || !this.#hasChildren();
  }

  #hasChildren(): boolean {
    return Object.keys(this.#definition.children).length > 0;
  }

  #fakesOf(definition: SagaDefinition, options: FakeOptions): FakeActivities {
    const onEffect = ({ activity }: { readonly activity: string }): void =>
      this.#reach(`after ${activity} had its effect`);
    const fakes = new FakeActivities(definition, { ...options, onEffect });
    this.#allFakes.push(fakes);
    return fakes;
  }

  #registerChildren(engine: TestEngine, parent: SagaDefinition, known = new Set<string>()): void {
    for (const child of Object.values(parent.children)) {
      if (known.has(child.id) || child.id === this.#definition.id) continue;
      known.add(child.id);
      engine.register(child, this.#fakesOf(child, this.#world.children?.[child.id] ?? {}));
      this.#registerChildren(engine, child, known);
    }
  }

  #known(definition: SagaDefinition, type: string): SagaDefinition | null {
    if (definition.id === type) return definition;
    for (const child of Object.values(definition.children)) {
      const found = this.#known(child, type);
      if (found !== null) return found;
    }
    return null;
  }
}

// Where a child needs a person, its parent stands still and does not settle.
async function settledOrStuck(engine: TestEngine, id: string): Promise<SagaStory | Error> {
  try {
    return await engine.settled(id);
  } catch (error) {
    if (error instanceof ProcessDied || !(error instanceof Error)) throw error;
    return error;
  }
}
