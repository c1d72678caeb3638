/**
 * An engine on a real database in a folder of its own, with a virtual clock, that can be stopped
 * and opened again on the same file.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Activities, Contract } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/definition.ts';
import type { Limits } from '../../src/runtime/limits.ts';
import type { Backstep, Bindings } from '../../src/runtime/backstep.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** What a test may set beside the activities. */
export interface EngineSettings<C extends Contract> {
  readonly subscribers?: NonNullable<Bindings<C>['subscribers']>;
  readonly limits?: Partial<Limits>;
  readonly migrationsFolder?: string;
}

export class EngineHarness<C extends Contract> {
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
    const { subscribers, ...rest } = more;
    const backstep = await openBackstep({
      database: this.database,
      clock: this.clock,
      ...rest,
    });
    backstep.register(this.#definition, {
      activities,
      ...(subscribers === undefined ? {} : { subscribers }),
    });
    this.#backstep = backstep;
    backstep.subscribe((entry) => {
      this.#seen.push(entry);
      for (const watcher of this.#watchers) watcher();
    });
    await backstep.start();
    return backstep;
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
    const stopping = this.#backstep?.stop(0);
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
