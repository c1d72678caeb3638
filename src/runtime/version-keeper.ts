/**
 * Brings sagas of earlier versions along: those that a migration leads on from, and those that were
 * parked because their version was gone and is here again.
 *
 * A saga migrates when its actor loads it; here is only who makes the actors load. Bounded work at
 * a time; ended by a stop at any point, the next start goes on.
 */
import type { OperatorCommand } from '../core/inbound.ts';
import type { UpkeepReads } from '../store/upkeep-reads.ts';
import type { Registry } from './registry.ts';
import type { SagaActor } from './saga-actor.ts';
import type { Logger } from './turn-log.ts';

/** How a saga goes on that was parked because its version was gone. */
const VERSION_IS_BACK: OperatorCommand = {
  name: 'retry',
  by: 'engine',
  reason: 'its version is registered again',
};

/** Internal ids looked at in one read. */
const RANGE_SIZE = 2_000;
/** Sagas taken along at once. */
const AT_ONCE = 64;

/** What this needs of the engine. */
interface VersionKeeperPorts {
  readonly reads: UpkeepReads;
  readonly registry: Registry;
  /** Resolves when the saga was loaded, and with it migrated. */
  wake(sid: number): Promise<void>;
  /** Lets a parked saga go on. */
  unpark(sid: number): void;
  /** Highest internal id in use. */
  lastSid(): number;
  onError(error: unknown): void;
}

/** A keeper over the actors of an engine. */
export function versionKeeperOf(
  reads: UpkeepReads,
  registry: Registry,
  sagas: { readonly actor: (sid: number) => SagaActor; readonly last: () => number },
  logger: Pick<Logger, 'error'>,
): VersionKeeper {
  return new VersionKeeper({
    reads,
    registry,
    wake: (sid) =>
      new Promise((done) => sagas.actor(sid).put({ kind: 'wake', isReloaded: true, done })),
    unpark: (sid) => sagas.actor(sid).tell({ kind: 'command', command: VERSION_IS_BACK }),
    lastSid: sagas.last,
    onError: (err) => logger.error({ err }, 'sagas of earlier versions could not be looked at'),
  });
}

export class VersionKeeper {
  readonly #ports: VersionKeeperPorts;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(ports: VersionKeeperPorts) {
    this.#ports = ports;
  }

  /** Looks at everything stored, once, after what is under way. Never rejects. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#bringAlong()).catch(this.#ports.onError);
    return this.#running;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #bringAlong(): Promise<void> {
    const { reads, registry, lastSid } = this.#ports;
    for (const { type, version } of registry.migratable()) {
      const untilSid = lastSid();
      for (let afterSid = 0; afterSid < untilSid && !this.#isStopped; afterSid += RANGE_SIZE) {
        const range = { afterSid, untilSid: Math.min(untilSid, afterSid + RANGE_SIZE) };
        await this.#wakeAll(await reads.ofVersion(type, version, range));
      }
    }
    await this.#unparkAll();
  }

  async #wakeAll(sids: readonly number[]): Promise<void> {
    for (let start = 0; start < sids.length && !this.#isStopped; start += AT_ONCE) {
      const chunk = sids.slice(start, start + AT_ONCE);
      await Promise.all(chunk.map((sid) => this.#ports.wake(sid)));
    }
  }

  async #unparkAll(): Promise<void> {
    const { reads, registry, unpark } = this.#ports;
    for (let afterSid = 0; !this.#isStopped;) {
      const parked = await reads.parkedForVersion(afterSid, RANGE_SIZE);
      const able = parked.filter(({ type, version }) => registry.canRun(type, version));
      await this.#wakeAll(able.map(({ sid }) => sid));
      for (const { sid } of able) unpark(sid);
      const last = parked.at(-1);
      if (last === undefined || parked.length < RANGE_SIZE) return;
      afterSid = last.sid;
    }
  }
}
