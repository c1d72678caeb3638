/**
 * Everything a run consists of, put together: time, world, disk, callers, oracles, and the process
 * that lives just now.
 *
 * Invariant: the world, the disk and the callers outlive every process.
 */
import { nextDueMs } from '../../src/core/state.ts';
import { isEnded } from '../../src/core/status.ts';
import { GOOD_MANNERS } from './books.ts';
import { Chance, type ChancePlan } from './chance.ts';
import { Client, isAtEnd } from './client.ts';
import { Disk } from './disk.ts';
import { checkRest } from './end-oracles.ts';
import { EngineProcess } from './engine-process.ts';
import { generatedSaga } from './generated-sagas.ts';
import { Oracles } from './oracles.ts';
import type { Flavor } from './participants.ts';
import type { Plant } from './plant.ts';
import { redrawnAs, type SimSaga } from './sim-saga.ts';
import { drawSaga, ORDER } from './sim-sagas.ts';
import { SimTime } from './sim-time.ts';
import { StoredStates } from './stored-states.ts';
import type { OracleScene } from './violation.ts';
import { World } from './world.ts';

export interface RunOptions {
  readonly chance: ChancePlan;
  readonly plant?: Plant;
  /** Default: by chance. */
  readonly orders?: number;
  /** Default: by chance. */
  readonly flavor?: Flavor;
  /** Default: by chance; for a planted bug, and for a script, the order. */
  readonly saga?: SimSaga;
  /** How much each order is about; default: by chance. */
  readonly quantity?: number;
}

/** How often a run is about a saga that the generator draws. */
const GENERATED_SHARE = 0.1;
/** Stock that a script never runs out of. */
const PLENTY = 100;

export class Scene {
  readonly saga: SimSaga;
  readonly chance: Chance;
  readonly time = new SimTime();
  readonly world: World;
  readonly disk: Disk;
  readonly oracles: Oracles;
  readonly client: Client;
  readonly states = new StoredStates();
  process: EngineProcess;
  /** Processes that lost the disk to a later one and do not know it yet. */
  formerOwners: EngineProcess[] = [];
  readonly #plant: Plant;
  readonly #flavor: Flavor;
  readonly #oracleScene: OracleScene;
  readonly #heard = { keys: new Set<string>(), completed: new Set<string>() };
  #processes = 0;

  constructor(options: RunOptions) {
    const { chance: plan, plant = {}, orders, flavor, quantity } = options;
    const chance = new Chance(plan);
    const { time } = this;
    this.chance = chance;
    this.#plant = plant;
    this.#flavor = flavor ?? (chance.fraction('flavor') < 0.5 ? 'transactional' : 'remote');
    const initialStock = plan.kind === 'script' ? PLENTY : chance.between('stock', 2, 10);
    const books = { initialStock, manners: { ...GOOD_MANNERS, ...plant.manners } };
    this.world = new World(chance, time, books);
    this.disk = new Disk(books, (turn) => this.oracles.onDurable(turn));
    const { disk, world } = this;
    this.saga = sagaOf(options, chance);
    const { saga } = this;
    this.#oracleScene = { disk, worldBooks: world.books, time, saga, states: this.states };
    const oracles = new Oracles(this.#oracleScene);
    this.oracles = oracles;
    const count = orders ?? chance.between('orders', 1, 4);
    const about = { orders: count, quantity: quantity ?? null, states: this.states };
    const worldBooks = world.books;
    this.client = new Client({ saga, chance, time, disk, worldBooks, oracles, ...about });
    this.process = this.#boot();
  }

  get crashes(): number {
    return this.#processes - 1;
  }

  get isViolated(): boolean {
    return this.oracles.violations.length > 0;
  }

  /** Nothing is under way: not at the engine, not in the network, not at the callers. */
  get isAtRest(): boolean {
    const { store, engine, isBroken } = this.process;
    return (
      !isBroken &&
      this.client.isDone &&
      isAtEnd(this.#oracleScene) &&
      this.disk.outbox.size === 0 &&
      this.world.inTransit === 0 &&
      !store.hasBatch &&
      store.readsWaiting === 0 &&
      engine.health().kind === 'ready'
    );
  }

  /** Nothing happens before time has passed. */
  get isIdle(): boolean {
    const { store, isBroken } = this.process;
    return (
      !store.hasBatch &&
      store.readsWaiting === 0 &&
      !isBroken &&
      this.formerOwners.length === 0 &&
      this.world.deliverable.length === 0
    );
  }

  /** When the next durable timer is due, by the steady time; `null` when none is armed. */
  nextDueMs(): number | null {
    const { steadyMs, wallMs } = this.time;
    let earliest: number | null = null;
    for (const { row } of this.disk.sagas.values()) {
      // What waits for a person in one branch may go on in another.
      if (isEnded(row.status) || row.status === 'parked') continue;
      const dueMs = nextDueMs(this.states.of(row).live);
      if (dueMs !== null && (earliest === null || dueMs < earliest)) earliest = dueMs;
    }
    return earliest === null ? null : earliest - wallMs + steadyMs;
  }

  /** Changes with everything that a crash could cut in two. */
  get mark(): string {
    const { hasBatch, readsWaiting } = this.process.store;
    const parts = [this.disk.lastSeq, this.disk.outbox.size, this.#processes, readsWaiting];
    return [...parts, this.world.moves, this.client.moves, hasBatch].join('/');
  }

  /** Kills the process and starts another one on what is durable. */
  crash(kind: 'now' | 'durable', downtimeMs: number): void {
    if (kind === 'durable') this.process.store.makeDurable();
    this.process.kill();
    this.client.disconnect();
    this.time.passTo(this.time.steadyMs + downtimeMs);
    this.process = this.#boot();
    this.process.start();
    if (this.chance.isCalm) this.oracles.expectPunctuality();
  }

  /** Another process takes the disk, as when this one stood still and was taken for dead. */
  usurp(): void {
    this.formerOwners.push(this.process);
    this.client.disconnect();
    this.process = this.#boot();
    this.process.start();
  }

  /** A process that lost the disk has noticed. */
  dismiss(former: EngineProcess): void {
    former.kill();
    this.formerOwners = this.formerOwners.filter((each) => each !== former);
  }

  /** Faults stop. */
  calm(): void {
    this.chance.calm();
    this.process.store.busyUntilMs = 0;
    for (const former of this.formerOwners) this.dismiss(former);
    this.oracles.expectPunctuality();
  }

  checkRest(): void {
    this.client.checkKept();
    this.oracles.checkRest();
    const heard = { ...this.#heard, emitted: this.oracles.emitted };
    checkRest(this.#oracleScene, heard, (oracle, message) => this.oracles.fail(oracle, message));
  }

  #boot(): EngineProcess {
    this.#processes += 1;
    const { saga, chance, time, disk, world, oracles } = this;
    return new EngineProcess({
      saga,
      number: this.#processes,
      chance,
      time,
      disk,
      world,
      oracles,
      flavor: this.#flavor,
      plant: this.#plant,
      heard: this.#heard,
    });
  }
}

function sagaOf({ saga, plant, chance: { kind } }: RunOptions, chance: Chance): SimSaga {
  if (plant?.definition !== undefined) return redrawnAs(saga ?? ORDER, plant.definition);
  if (saga !== undefined) return saga;
  if (plant !== undefined || kind === 'script') return ORDER;
  const isGenerated = chance.fraction('generated') < GENERATED_SHARE;
  return (isGenerated ? generatedSaga : drawSaga)(chance.fraction('saga'));
}
