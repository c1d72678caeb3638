/**
 * Injected faults: which calls of which activity are delayed or fail, and how.
 *
 * Must never be bound in a program that does not want it: without `withFaults` an activity knows
 * nothing of faults. Invariant: an activity without settings runs as if it were not wrapped.
 */
import type { Activity, ActivityContext } from '../../src/core/activity.ts';
import { BackstepError } from '../../src/core/errors.ts';
import { PermanentError, TransientError } from '../../src/core/failure.ts';
import {
  parseFaultSettings,
  parseSeed,
  type FaultMode,
  type FaultSettings,
} from './fault-settings.ts';
import { hash32 } from '../../src/core/hash.ts';
import { seededRandom } from './seeded-random.ts';

/** The faults of one activity, and what they did so far. */
export interface Fault extends FaultSettings {
  readonly activity: string;
  /** Calls since it was set. */
  readonly calls: number;
  /** Calls that were made to fail. */
  readonly hits: number;
}

/** What happens to one call; `mode` null: it succeeds after the delay. */
export interface Injection {
  readonly latencyMs: number;
  readonly mode: FaultMode | null;
}

/** Which faults are set. */
export interface Faults {
  /**
   * Replaces the faults of one activity; settings are checked. Throws `not-found` for an unknown
   * activity and `input-invalid` with the issues.
   */
  set(activity: string, settings: unknown): Fault;
  /** Makes every rate repeat from here, whatever the order between activities. */
  reseed(seed: unknown): void;
  /** Ends the faults of one activity, or all faults. */
  clear(activity?: string): void;
  /** What is set for every call, in order of the activities' names. */
  list(): readonly Fault[];
  /**
   * Replaces the faults that meet calls for one order only, by activity; they come before those
   * for every call. Throws as `set`.
   */
  breakOrder(orderId: string, faults: Readonly<Record<string, unknown>>): void;
  /** Ends the faults of one order. */
  mendOrder(orderId: string): void;
  /** Decides about the next call; null: nothing is set. `orderId`: whom it is for, when known. */
  next(activity: string, orderId?: string): Injection | null;
}

/** What may fail, and where chance comes from. */
export interface FaultsOptions {
  readonly activities: readonly string[];
  /** At least 0, below 1; decides rates without a seed. */
  readonly random: () => number;
}

/** Most orders with faults of their own; past it the oldest lose theirs. */
const MAX_BROKEN_ORDERS = 1_000;

interface Entry {
  readonly settings: FaultSettings;
  readonly random: () => number;
  failNext: number;
  calls: number;
  hits: number;
}

/** A registry without any fault. */
export function createFaults({ activities, random }: FaultsOptions): Faults {
  const known = new Set(activities);
  const entries = new Map<string, Entry>();
  const ofOrders = new Map<string, ReadonlyMap<string, Entry>>();
  let seeded: ((activity: string) => () => number) | null = null;

  function randomFor(activity: string, seed: number | null): () => number {
    if (seed !== null) return seededRandom(seed);
    return seeded === null ? random : seeded(activity);
  }

  function entryOf(activity: string, settings: unknown): Entry {
    if (!known.has(activity)) {
      throw new BackstepError('not-found', `there is no activity ${activity}`);
    }
    const parsed = parseFaultSettings(settings);
    return {
      settings: parsed,
      random: randomFor(activity, parsed.seed),
      failNext: parsed.failNext,
      calls: 0,
      hits: 0,
    };
  }

  return {
    set(activity, settings) {
      const entry = entryOf(activity, settings);
      entries.set(activity, entry);
      return toFault(activity, entry);
    },
    breakOrder(orderId, faults) {
      const own = Object.entries(faults).map(
        ([activity, settings]) => [activity, entryOf(activity, settings)] as const,
      );
      ofOrders.set(orderId, new Map(own));
      const [oldest] = ofOrders.keys();
      if (ofOrders.size > MAX_BROKEN_ORDERS && oldest !== undefined) ofOrders.delete(oldest);
    },
    mendOrder: (orderId) => void ofOrders.delete(orderId),
    reseed(value) {
      const seed = parseSeed(value);
      // Each activity gets a sequence of its own, so that none depends on who calls first.
      seeded = (activity) => seededRandom(seed ^ hash32(activity));
      for (const [activity, entry] of entries) {
        entries.set(activity, { ...entry, random: randomFor(activity, entry.settings.seed) });
      }
    },
    clear(activity) {
      if (activity === undefined) entries.clear();
      else entries.delete(activity);
    },
    list: () =>
      [...entries]
        .map(([activity, entry]) => toFault(activity, entry))
        .toSorted((one, other) => (one.activity < other.activity ? -1 : 1)),
    next(activity, orderId) {
      const own = orderId === undefined ? undefined : ofOrders.get(orderId)?.get(activity);
      const entry = own ?? entries.get(activity);
      return entry === undefined ? null : injectionOf(entry);
    },
  };
}

/**
 * The same activities with the registry's faults before them. A transactional activity commits its
 * effect and its record together, so that an answer cannot be lost alone: `applied-then-lost` then
 * fails without an effect, as a crash before COMMIT would.
 */
export function withFaults<Named extends Readonly<Record<string, Activity>>>(
  faults: Faults,
  activities: Named,
): Named {
  const wrapped = Object.entries(activities).map(([name, each]) => [
    name,
    wrap(faults, name, each),
  ]);
  // Same names, and every wrapper takes and gives what its activity does.
  return Object.fromEntries(wrapped) as Named;
}

function wrap(faults: Faults, name: string, activity: Activity): Activity {
  if (typeof activity !== 'function') {
    const plan: typeof activity.plan = async (input, context) => {
      const mode = await inject(faults.next(name, orderIdOf(input)), context);
      if (mode === 'applied-then-lost') throw lostAnswer();
      return activity.plan(input, context);
    };
    return { kind: 'transactional', plan };
  }
  return async (input, context) => {
    const mode = await inject(faults.next(name, orderIdOf(input)), context);
    const output = await activity(input, context);
    // A plain error: nobody can know whether the effect happened.
    if (mode === 'applied-then-lost') throw Object.assign(new Error(LOST), { code: LOST_CODE });
    return output;
  };
}

/** The order that a call is for, where its input names one. */
function orderIdOf(input: unknown): string | undefined {
  if (input === null || typeof input !== 'object') return undefined;
  const orderId: unknown = Reflect.get(input, 'orderId');
  return typeof orderId === 'string' ? orderId : undefined;
}

const LOST = 'injected: the answer was lost';
const LOST_CODE = 'injected-lost-answer';

function lostAnswer(): TransientError {
  return new TransientError(LOST_CODE, 'injected: the commit was lost with its answer');
}

/** Delays and fails as told; gives `applied-then-lost` back to the caller. */
async function inject(
  injection: Injection | null,
  { signal }: ActivityContext,
): Promise<'applied-then-lost' | null> {
  if (injection === null) return null;
  if (injection.latencyMs > 0) await untilAborted(signal, injection.latencyMs);
  switch (injection.mode) {
    case null:
      return null;
    case 'applied-then-lost':
      return 'applied-then-lost';
    case 'error':
      throw new TransientError('injected-error', 'injected: a transient failure');
    case 'permanent':
      throw new PermanentError('injected-permanent', 'injected: a permanent failure');
    case 'hang':
      await untilAborted(signal, null);
      return null;
  }
}

/** Resolves after the delay (null: never); rejects with the signal's reason once aborted. */
function untilAborted(signal: AbortSignal, delayMs: number | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timeout = delayMs === null ? undefined : setTimeout(end, delayMs);
    function end(): void {
      clearTimeout(timeout);
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    }
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

function injectionOf(entry: Entry): Injection {
  const { settings } = entry;
  entry.calls += 1;
  let hasFailed = false;
  if (entry.failNext > 0) {
    entry.failNext -= 1;
    hasFailed = true;
  } else if (settings.failureRate > 0) {
    hasFailed = entry.random() < settings.failureRate;
  }
  if (hasFailed) entry.hits += 1;
  return { latencyMs: settings.latencyMs, mode: hasFailed ? settings.mode : null };
}

function toFault(activity: string, { settings, failNext, calls, hits }: Entry): Fault {
  return { activity, ...settings, failNext, calls, hits };
}
