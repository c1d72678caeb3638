/**
 * Brings stored sagas onto the definitions that are registered: those that a migration leads on,
 * those whose drawing was edited, those that were parked because their version was gone and is here
 * again. What cannot go on is parked, waiting sagas too, and told.
 *
 * A saga migrates, or is parked, when its host loads it; the keeper only decides which are loaded.
 * Sagas that run under what is registered are never loaded for it. Bounded work at a time; ended by
 * a stop at any point, the next start goes on.
 *
 * A type that is not registered at all counts as a missing version: forgetting one is the likelier
 * mistake, and sagas of one that is registered late go on by themselves.
 */
import { failureOfText, toFailure } from '../../core/failure.ts';
import { isEnded, SAGA_STATUSES } from '../../core/status.ts';
import type {
  Drawing,
  ParkedForVersion,
  StatusRange,
  UpkeepReads,
} from '../../store/queries/upkeep-reads.ts';
import type { StoreHealth } from '../../store/store.ts';
import type { EngineHealth } from '../backstep.ts';
import type { Registry } from '../registry.ts';
import type { Logger } from '../turn-log.ts';
import { type VersionGap, VersionGaps } from './version-gaps.ts';

/** Sagas looked at in one read. */
const RANGE_SIZE = 2_000;
/** Sagas taken along at once. */
const AT_ONCE = 64;

/** Of sagas that are not over, unless a person has settled them. */
const LOOKED_AT = SAGA_STATUSES.filter((status) => !isEnded(status));

/** What this needs of its host. */
export interface VersionKeeperPorts {
  readonly reads: UpkeepReads;
  readonly registry: Registry;
  /** Resolves once the saga was loaded, and with it migrated; with why not where it was not. */
  wake(sid: number): Promise<unknown>;
  /** Lets a parked saga go on. Resolves once that is durable, or could not be. */
  unpark(sid: number): Promise<void>;
  /** Highest internal id in use. */
  lastSid(): number;
  readonly logger: Pick<Logger, 'error'>;
}

export class VersionKeeper {
  readonly #ports: VersionKeeperPorts;
  #isStopped = false;
  #hasLooked = false;
  #running: Promise<void> = Promise.resolve();
  /** Looks that wait behind the one under way; a second of the same kind would see nothing more. */
  readonly #waiting = new Set<'all' | 'count'>();
  /** Gaps that are in the log already, as JSON. */
  #told: ReadonlySet<string> = new Set();
  #gaps: readonly VersionGap[] = [];
  /**
   * Gaps of paused sagas, which are counted here and not parked: a parked saga goes on by itself
   * once its version is registered, and a person has paused these.
   */
  #paused: readonly VersionGap[] = [];

  constructor(ports: VersionKeeperPorts) {
    this.#ports = ports;
  }

  /** The health with the sagas in it that cannot go on, as of the last look. */
  toldIn(health: StoreHealth): EngineHealth {
    return this.#gaps.length === 0 ? health : { ...health, versionGaps: this.#gaps };
  }

  /** As of the last look; `null` before the first one was over. */
  get gaps(): readonly VersionGap[] | null {
    return this.#hasLooked ? this.#gaps : null;
  }

  /** Looks at everything stored, once, after what is under way. Never rejects. */
  run(): Promise<void> {
    return this.#after('all', async () => {
      await this.#bringAlong();
      await this.#unparkAll();
      await this.#count();
      this.#hasLooked = true;
    });
  }

  /** A person has moved a saga, perhaps one that is counted. */
  onCommand(): void {
    if (this.#gaps.length > 0) void this.#after('count', () => this.#count());
  }

  stop(): void {
    this.#isStopped = true;
  }

  #after(kind: 'all' | 'count', look: () => Promise<void>): Promise<void> {
    if (this.#waiting.has(kind)) return this.#running;
    this.#waiting.add(kind);
    this.#running = this.#running
      .then(() => {
        this.#waiting.delete(kind);
        return look();
      })
      .catch((err: unknown) => {
        if (this.#isStopped) return; // the store is closing
        this.#ports.logger.error({ err }, 'sagas of other versions could not be looked at');
      });
    return this.#running;
  }

  async #bringAlong(): Promise<void> {
    const paused = new VersionGaps();
    const { registry } = this.#ports;
    let isTold = false;
    await this.#eachDrawing(async (drawing, range) => {
      const { type, version, definitionHash } = drawing;
      if (registry.runs(type, version, definitionHash)) return;
      // Already parked for its missing version, and no version has come that could take it up.
      if (range.status === 'parked' && !registry.canRun(type, version)) return;
      const sids = await this.#ports.reads.ofDrawing(drawing, range);
      const refusals = await this.#wakeAll(sids);
      // Counted soon, as there may be very many sagas, and once more when all were looked at.
      if (refusals.size > 0 && !isTold) await this.#count();
      isTold ||= refusals.size > 0;
      if (range.status !== 'paused') return;
      for (const refusal of refusals.values()) {
        paused.add(type, version, toFailure(refusal).message);
      }
    });
    this.#paused = paused.list();
  }

  async #eachDrawing(visit: (drawing: Drawing, range: StatusRange) => Promise<void>) {
    const { reads, lastSid } = this.#ports;
    const lastOfAll = lastSid();
    for (const status of LOOKED_AT) {
      for (let afterSid = 0; !this.#isStopped;) {
        const range = { status, afterSid, untilSid: lastOfAll };
        const { drawings, lastSid: last } = await reads.drawingsInUse(range, RANGE_SIZE);
        const untilSid = last ?? lastOfAll;
        for (const drawing of drawings) await visit(drawing, { status, afterSid, untilSid });
        if (last === null) break;
        afterSid = last;
      }
    }
  }

  /** Why those that could not be loaded were not, by internal id. */
  async #wakeAll(sids: readonly number[]): Promise<ReadonlyMap<number, unknown>> {
    const refusals = new Map<number, unknown>();
    for (let start = 0; start < sids.length && !this.#isStopped; start += AT_ONCE) {
      await Promise.all(
        sids.slice(start, start + AT_ONCE).map(async (sid) => {
          const refusal = await this.#ports.wake(sid);
          if (refusal !== null) refusals.set(sid, refusal);
        }),
      );
    }
    return refusals;
  }

  async #unparkAll(): Promise<void> {
    const { registry, unpark } = this.#ports;
    await this.#eachParked(async (parked) => {
      const able = parked.filter(({ type, version }) => registry.canRun(type, version));
      const refusals = await this.#wakeAll(able.map(({ sid }) => sid));
      const back = able.filter(({ sid }) => !refusals.has(sid));
      await Promise.all(back.map(({ sid }) => unpark(sid)));
    });
  }

  async #count(): Promise<void> {
    const gaps = new VersionGaps();
    await this.#eachParked(async (parked) => {
      for (const { type, version, error } of parked) {
        gaps.add(type, version, failureOfText(error).message);
      }
    });
    for (const { type, version, reason, sagas } of this.#paused) {
      gaps.add(type, version, reason, sagas);
    }
    if (this.#isStopped) return;
    this.#gaps = gaps.list();
    const told = new Set(this.#gaps.map((gap) => JSON.stringify(gap)));
    for (const gap of this.#gaps) {
      if (this.#told.has(JSON.stringify(gap))) continue;
      this.#ports.logger.error(gap, 'sagas cannot go on under what is registered');
    }
    this.#told = told;
  }

  async #eachParked(visit: (parked: readonly ParkedForVersion[]) => Promise<void>): Promise<void> {
    for (let afterSid = 0; !this.#isStopped;) {
      const parked = await this.#ports.reads.parkedForVersion(afterSid, RANGE_SIZE);
      await visit(parked);
      const last = parked.at(-1);
      if (last === undefined || parked.length < RANGE_SIZE) return;
      afterSid = last.sid;
    }
  }
}
