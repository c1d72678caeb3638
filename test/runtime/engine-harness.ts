/**
 * An engine on a database of its own, with a virtual clock, that can be stopped and opened again on
 * the same database.
 *
 * The database is SQLite in memory unless a test says `onDisk`: without threads nothing is under way
 * while the clock stands still, so a test that moves it on needs not guess how long the store takes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Activities } from '../../src/core/activity.ts';
import { type Duration, toMs } from '../../src/core/duration.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import type { AlertOptions } from '../../src/host/alerts/alert-options.ts';
import { checkedAlerts } from '../../src/host/alerts/alert-rules.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/host/limits.ts';
import type { Backstep, Bindings, Concurrency } from '../../src/host/backstep.ts';
import { createEngine } from '../../src/runtime/engine.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { type Logger, silentLogger } from '../../src/host/turn-log.ts';
import { type MemoryDatabase, memoryDatabases } from '../../src/store/sqlite/memory-store.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** What a test may set of the engine. */
interface BareSettings {
  readonly limits?: Partial<Limits>;
  readonly migrationsFolder?: string;
  readonly logger?: Logger;
  readonly keepEndedFor?: Duration;
  readonly alerts?: AlertOptions;
  /** Stands between the engine and its real store. */
  readonly wrapStore?: (store: Store) => Store;
}

/** What a test may set beside the activities. */
export interface EngineSettings<C extends object> extends BareSettings {
  readonly subscribers?: NonNullable<Bindings<C>['subscribers']>;
  readonly concurrency?: Concurrency;
  readonly events?: NonNullable<Bindings<C>['events']>;
  /** Registers further sagas, before the first one. */
  readonly also?: (backstep: Backstep) => void;
}

interface HarnessOptions {
  /** A file, and the threads that write and read it; for what depends on these. */
  readonly onDisk?: boolean;
}

export class EngineHarness<C extends object> {
  readonly clock = new VirtualClock();
  /** `null`, as is the folder that it lies in: the database is in memory. */
  readonly #path: string | null;
  readonly #folder: string | null;
  readonly #definition: SagaDefinition<C>;
  #memory: MemoryDatabase | null = null;
  #backstep: Backstep | null = null;
  #seen: FeedEntry[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(definition: SagaDefinition<C>, { onDisk = false }: HarnessOptions = {}) {
    this.#definition = definition;
    this.#folder = onDisk ? mkdtempSync(join(tmpdir(), 'backstep-engine-')) : null;
    this.#path = this.#folder === null ? null : join(this.#folder, 'engine.db');
  }

  get backstep(): Backstep {
    if (this.#backstep === null) throw new Error('the engine is not open');
    return this.#backstep;
  }

  /** The file. */
  get database(): string {
    if (this.#path === null) throw new Error('the database is in memory; say onDisk');
    return this.#path;
  }

  /** Opens the engine and starts it. */
  async open(activities: Activities<C>, more: EngineSettings<C> = {}): Promise<Backstep> {
    const { subscribers, also, concurrency, events, ...bare } = more;
    const backstep = await this.openBare(bare);
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

  /** Opens an engine that knows no saga, neither started nor looked after: stop it. */
  async openBare({ wrapStore, ...more }: BareSettings = {}): Promise<Backstep> {
    if (this.#path !== null && wrapStore === undefined) {
      return openBackstep({ database: this.#path, clock: this.clock, ...more });
    }
    const store = await this.#openStore(more.migrationsFolder);
    return this.#engineOver(wrapStore?.(store) ?? store, more);
  }

  async #openStore(migrationsFolder: string | undefined): Promise<Store> {
    if (this.#path !== null) {
      return openStore({ path: this.#path, nowMs: () => this.clock.nowMs() });
    }
    this.#memory ??= (await emptyDatabases(migrationsFolder))();
    return this.#memory.open();
  }

  #engineOver(store: Store, { limits, logger, keepEndedFor, alerts }: BareSettings): Backstep {
    return createEngine(store, {
      clock: this.clock,
      randomId: () => randomBytes(16),
      limits: { ...DEFAULT_LIMITS, ...limits },
      logger: logger ?? silentLogger,
      onFatal: () => {},
      alerts: checkedAlerts(alerts, 'embedded'),
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
    this.#memory?.close();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }
}

let withoutParticipants: ReturnType<typeof memoryDatabases> | undefined;

/** The schema is made once for all tests of a process; one with participants' tables each time. */
function emptyDatabases(migrationsFolder: string | undefined) {
  if (migrationsFolder !== undefined) return memoryDatabases(migrationsFolder);
  return (withoutParticipants ??= memoryDatabases());
}
