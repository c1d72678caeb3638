/**
 * An engine on a real database in a folder of its own, with a virtual clock, that can be stopped
 * and opened again on the same file.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Activities } from '../../src/core/activity.ts';
import { type Duration, toMs } from '../../src/core/duration.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/host/limits.ts';
import type { Backstep, Bindings, Concurrency } from '../../src/host/backstep.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { type Logger, silentLogger } from '../../src/host/turn-log.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** What a test may set beside the activities. */
export interface EngineSettings<C extends object> {
  readonly subscribers?: NonNullable<Bindings<C>['subscribers']>;
  readonly concurrency?: Concurrency;
  readonly events?: NonNullable<Bindings<C>['events']>;
  /** Registers further sagas, before the first one. */
  readonly also?: (backstep: Backstep) => void;
  readonly limits?: Partial<Limits>;
  readonly migrationsFolder?: string;
  readonly logger?: Logger;
  readonly keepEndedFor?: Duration;
  /** Stands between the engine and its real store. */
  readonly wrapStore?: (store: Store) => Store;
}

export class EngineHarness<C extends object> {
  readonly clock = new VirtualClock();
  readonly database: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'backstep-engine-'));
  readonly #definition: SagaDefinition<C>;
  #backstep: Backstep | null = null;
  #seen: FeedEntry[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(definition: SagaDefinition<C>) {
    this.#definition = definition;
    this.database = join(this.#folder, 'engine.db');
  }

  get backstep(): Backstep {
    if (this.#backstep === null) throw new Error('the engine is not open');
    return this.#backstep;
  }

  /** Opens the engine and starts it. */
  async open(activities: Activities<C>, more: EngineSettings<C> = {}): Promise<Backstep> {
    const { subscribers, wrapStore, also, concurrency, events, ...rest } = more;
    const options = { database: this.database, clock: this.clock, ...rest };
    const backstep =
      wrapStore === undefined ? await openBackstep(options) : await this.#openOver(wrapStore, more);
    also?.(backstep);
    backstep.register(this.#definition, {
      activities,
      ...(subscribers === undefined ? {} : { subscribers }),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(events === undefined ? {} : { events }),
    });
    this.#backstep = backstep;
    backstep.subscribe((entry) => {
      this.#seen.push(entry);
      for (const watcher of this.#watchers) watcher();
    });
    await backstep.start();
    return backstep;
  }

  async #openOver(
    wrapStore: (store: Store) => Store,
    { limits, logger, keepEndedFor }: EngineSettings<C>,
  ): Promise<Backstep> {
    const { clock, database } = this;
    const store = await openStore({ path: database, nowMs: () => clock.nowMs() });
    return createEngine(wrapStore(store), {
      clock,
      randomId: () => randomBytes(16),
      limits: { ...DEFAULT_LIMITS, ...limits },
      logger: logger ?? silentLogger,
      onFatal: () => {},
      ...(keepEndedFor === undefined ? {} : { keepEndedMs: toMs(keepEndedFor, 'keepEndedFor') }),
    });
  }

  /** Resolves with the first committed line, past ones included, that the predicate accepts. */
  async seen(predicate: (entry: FeedEntry) => boolean): Promise<FeedEntry> {
    for (;;) {
      const found = this.#seen.find(predicate);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  /** Every committed line so far. */
  get lines(): readonly FeedEntry[] {
    return this.#seen;
  }

  /** Stops without letting running activities finish, as a deployment would. */
  async stop(): Promise<void> {
    const stopping = this.#backstep?.stop({ within: 0 });
    this.clock.advance(0);
    await stopping;
    this.#backstep = null;
    this.#seen = [];
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
