/**
 * One process of the engine: the real parts over the simulated store, clock and world, from its
 * start to its death.
 *
 * Invariant: once killed it answers nobody and changes nothing, whatever its promises still do.
 */
import type { Backstep } from '../../src/host/backstep.ts';
import { DEFAULT_LIMITS } from '../../src/host/limits.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import type { Chance } from './chance.ts';
import type { Disk } from './disk.ts';
import type { Oracles } from './oracles.ts';
import { createParticipants, type Flavor } from './participants.ts';
import type { Plant } from './plant.ts';
import { familyOf, type SimSaga } from './sim-saga.ts';
import { ProcessClock, type SimTime } from './sim-time.ts';
import { SimStore } from './sim-store.ts';
import type { Caller, World } from './world.ts';

export interface ProcessOptions {
  readonly number: number;
  readonly saga: SimSaga;
  readonly chance: Chance;
  readonly time: SimTime;
  readonly disk: Disk;
  readonly world: World;
  readonly oracles: Oracles;
  readonly flavor: Flavor;
  readonly plant: Plant;
  /** What subscribers heard: keys of messages, and ids of sagas that were announced completed. */
  readonly heard: { readonly keys: Set<string>; readonly completed: Set<string> };
}

export class EngineProcess implements Caller {
  isAlive = true;
  /** True once the process has nothing left to do but to exit. */
  isBroken = false;
  readonly store: SimStore;
  readonly clock: ProcessClock;
  readonly engine: Backstep;

  constructor(options: ProcessOptions) {
    const { saga, chance, time, disk, oracles, plant, flavor, world } = options;
    this.clock = new ProcessClock(time);
    this.store = new SimStore({
      disk,
      maxBatch: chance.isOrderly ? 512 : chance.between('max-batch', 1, 6),
      readsAtOnce: chance.isOrderly || chance.fraction('reads-at-once') < 0.5,
      nowMs: () => time.wallMs,
      checksOwner: plant.ignoresOwner !== true,
      onForeignWrite: () => oracles.fail('one-owner', 'a process wrote that lost the disk'),
      onHandOver: (commit) => oracles.onHandOver(commit),
    });
    const store = plant.store?.(this.store, () => time.wallMs) ?? this.store;
    this.engine = createEngine(store, {
      clock: plant.clock?.(this.clock) ?? this.clock,
      randomId: createIds(options.number),
      limits: limitsOf(chance),
      logger: silentLogger,
      onFatal: () => {
        this.isBroken = true;
      },
    });
    for (const member of familyOf(saga).toReversed()) {
      const { completion, reminders } = member;
      const emitted = completion === null ? reminders : [completion, ...reminders];
      this.engine.register(member.definition, {
        activities: createParticipants({
          saga: member,
          world,
          caller: this,
          flavor,
          plant,
          onCall: (op, context, input) =>
            oracles.onCall(member, op, context, { input, isOwner: this.store.isOwner }),
        }),
        subscribers: Object.fromEntries(
          emitted.map((event) => [
            event,
            (_: object, { sagaId, key }: Heard) =>
              this.#hear(options, { sagaId, key, isCompletion: event === completion }),
          ]),
        ),
      });
    }
    this.engine.subscribe(oracles.feedListener());
  }

  /** Recovers; fails the run when that cannot be. */
  start(): void {
    this.engine.start().catch(() => {
      this.isBroken = true;
    });
  }

  /** Stops as at SIGTERM: drains, then the process exits by itself. */
  stop(drainMs: number): void {
    void this.engine.stop({ within: drainMs }).then(() => {
      this.isBroken = true;
    });
  }

  kill(): void {
    this.isAlive = false;
    this.store.kill();
    this.clock.kill();
  }

  async #hear(
    { world, plant, heard, oracles, disk }: ProcessOptions,
    { sagaId, key, isCompletion }: Heard & { readonly isCompletion: boolean },
  ): Promise<void> {
    if (plant.deafSubscriber === true) return;
    const sid = disk.sidOf(sagaId);
    const row = sid === null ? undefined : disk.sagas.get(sid)?.row;
    const isEarly = isCompletion ? row?.status !== 'completed' : !oracles.emitted.has(key);
    if (isEarly) oracles.fail('answer-durable', `${key} was announced early`);
    await world.work(`hear/${sagaId}`, this);
    heard.keys.add(key);
    if (isCompletion) heard.completed.add(sagaId);
  }
}

/** A message as a subscriber gets it. */
interface Heard {
  readonly sagaId: string;
  readonly key: string;
}

/** Ids that differ within a process by a count and between processes by their number. */
function createIds(process: number): () => Uint8Array {
  let count = 0;
  return () => {
    count += 1;
    return Uint8Array.from({ length: 16 }, (_, index) => (index === 0 ? process : count) + index);
  };
}

function limitsOf(chance: Chance) {
  if (chance.isOrderly || chance.fraction('small-limits') < 0.5) return DEFAULT_LIMITS;
  const activitiesInFlight = chance.between('activities-in-flight', 1, 3);
  const idleSagas = chance.between('idle-sagas', 0, 2);
  return { ...DEFAULT_LIMITS, activitiesInFlight, idleSagas };
}
