/** One database under one process after the other, each with other definitions registered. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Backstep, Bindings } from '../../../src/host/backstep.ts';
import { createEngine } from '../../../src/runtime/engine.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { type Logger, silentLogger } from '../../../src/host/turn-log.ts';
import { memoryDatabases, type MemoryDatabase } from '../../../src/store/sqlite/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

type Calls = Record<string, (input: null) => unknown>;
type Migrations = Pick<Bindings, 'migrate'>;

const input = (): null => null;
const compensate = (activity: string) => ({ activity, input });

export interface StayShape {
  readonly id?: string;
  readonly version?: number;
  /** Name of the first step; default `book`. */
  readonly step?: string;
  /** Name of the wait; default `approval`. */
  readonly place?: string;
  /** A step more: before the wait, or after it. */
  readonly insure?: 'before' | 'after';
}

/** A step, a wait for `ok` or `no`, a pivot. */
export function stay(shape: StayShape = {}): SagaDefinition {
  const { id = 'stay', version = 1, step = 'book', place = 'approval', insure } = shape;
  const insured = <Draft extends { step: (...args: never[]) => unknown }>(draft: Draft): Draft =>
    Reflect.apply(draft.step, draft, [
      'insure',
      { input, compensate: compensate('uninsure') },
    ]) as Draft;
  const begun = defineSaga({ id, version, input: z.null(), activities: {} as Calls }).step(step, {
    input,
    compensate: compensate('cancel'),
  });
  const waiting = (insure === 'before' ? insured(begun) : begun).wait(place, {
    on: { ok: 'continue', no: 'compensate' },
    within: '60d',
  });
  const last = insure === 'after' ? insured(waiting) : waiting;
  return last.step('charge', { kind: 'pivot', input }).build();
}

const newDatabase = await memoryDatabases();

export class Redeployed {
  readonly database: MemoryDatabase = newDatabase();
  readonly clock = new VirtualClock();
  /** Every call: activity, its key, and the forward key of a compensation; without the saga's id. */
  readonly calls: string[] = [];
  /** What the present process has warned of. */
  lines: string[] = [];
  /** Sagas that it has read. */
  loads = 0;
  #running: Backstep | null = null;

  get backstep(): Backstep {
    if (this.#running === null) throw new Error('no process runs');
    return this.#running;
  }

  async deploy(
    ...registered: readonly (readonly [SagaDefinition, Migrations?])[]
  ): Promise<Backstep> {
    await this.stop();
    this.lines = [];
    this.loads = 0;
    this.#running = createEngine(this.#counting(this.database.open()), {
      clock: this.clock,
      randomId: () => randomBytes(16),
      limits: DEFAULT_LIMITS,
      logger: this.#logger,
      onFatal: () => {},
    });
    for (const [definition, more = {}] of registered) this.register(definition, more);
    await this.#running.start();
    return this.#running;
  }

  register(definition: SagaDefinition, more: Migrations = {}): void {
    const activities = Object.fromEntries(
      definition.activities.map((name) => [
        name,
        (_: unknown, { key, forwardKey }: { key: string; forwardKey: string | null }) => {
          const undone = forwardKey === null ? '' : ` of ${local(forwardKey)}`;
          this.calls.push(`${name} ${local(key)}${undone}`);
          return {};
        },
      ]),
    );
    this.backstep.register(definition, { activities, ...more });
  }

  /** Starts sagas and waits until each waits itself. */
  async waiting(count = 1, type = 'stay'): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const { id } = await this.backstep.spawn(type, { input: null });
      await this.reached(id, 'waiting');
      ids.push(id);
    }
    return ids;
  }

  row(id: string) {
    return this.backstep.read.saga(id);
  }

  async reached(id: string, status: string): Promise<void> {
    while ((await this.row(id))?.status !== status) await new Promise(setImmediate);
  }

  get gaps() {
    const health = this.backstep.health();
    return 'versionGaps' in health ? health.versionGaps : undefined;
  }

  async letters(): Promise<readonly unknown[]> {
    const { items } = await this.backstep.read.deadLetters({ limit: 50, cursor: null });
    return items.map(({ letter }) => JSON.parse(letter) as unknown);
  }

  async stop(): Promise<void> {
    const stopping = this.#running?.stop({ within: 0 });
    this.clock.advance(0);
    await stopping;
    this.#running = null;
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.database.close();
  }

  readonly #logger: Logger = {
    ...silentLogger,
    isLevelEnabled: () => true,
    warn: (details, message) => void this.lines.push(`${message} ${JSON.stringify(details)}`),
    error: (details, message) => void this.lines.push(`${message} ${JSON.stringify(details)}`),
  };

  #counting(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name === 'loadBySid') this.loads += 1;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

/** Resolves once it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

function local(key: string): string {
  return key.split('/').slice(1).join('/');
}
