/**
 * What would become of every saga in flight in a database under other definitions, before they are
 * deployed. Changes nothing, and may run beside a living engine.
 */
import { crc32 } from 'node:zlib';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import { failureOfText } from '../../core/failure.ts';
import type { Migration } from '../../core/history/migration.ts';
import { moveIn } from '../../core/turn/kept-text/moved.ts';
import type { SagaInFlight } from '../../store/as-stored.ts';
import type { StoredSaga } from '../../store/store.ts';
import { openStoredSagas, type StoredDatabase } from '../../store/stored-sagas.ts';
import { Registry } from '../registry.ts';
import { standingOf } from './version-standing.ts';

/** How sagas of earlier versions are taken to a definition, as `register` is given it. */
export type MigrationsOf = ReadonlyMap<SagaDefinition, Readonly<Record<number, Migration>>>;

/**
 * `edited`: it goes on under its version, the drawing of which is another one now. `parked`: it
 * cannot go on; a person is told, and it goes on once what it needs is registered. `leaves`: it stands
 * still here whatever is registered, because it is on its way to another database.
 */
export type CheckOutcome = 'goes-on' | 'edited' | 'migrates' | 'parked' | 'leaves';

/** Sagas of one version that fare alike. */
export interface CheckGroup {
  readonly type: string;
  readonly version: number;
  readonly outcome: CheckOutcome;
  /** The version it migrates to; else `null`. */
  readonly to: number | null;
  /** Why it would be parked, or is not taken along although a migration is there; else `null`. */
  readonly reason: string | null;
  readonly sagas: number;
  /** Public ids, a few of them. */
  readonly examples: readonly string[];
}

/** What a check found. */
export interface VersionCheck {
  /** Sagas that are not over. */
  readonly sagas: number;
  readonly parked: number;
  /** Sagas that leave for another database. */
  readonly leaving: number;
  /** Those that would be parked first, the largest groups first. */
  readonly groups: readonly CheckGroup[];
}

/** How far a check is. */
export interface CheckProgress {
  readonly done: number;
  readonly total: number;
  readonly parked: number;
}

const MAX_EXAMPLES = 5;
/** Groups told apart; a migration may throw another reason for each saga. */
const MAX_GROUPS = 200;

/** What would run if these were registered; their children too, as their parents need them. */
export function registryOf(
  definitions: Iterable<SagaDefinition>,
  migrations: MigrationsOf,
): Registry {
  const registry = new Registry();
  const given = [...definitions];
  for (const definition of given) add(registry, definition, migrations.get(definition) ?? {});
  for (const definition of given) addChildren(registry, definition);
  return registry;
}

/**
 * Checks a database. Yields after each saga, whose state is that of the moment it is
 * read. Throws as `openStoredSagas` does, and `definition-invalid` when a version
 * stands twice or a migration is from no earlier one.
 */
export async function* checkVersions(
  database: StoredDatabase,
  definitions: Iterable<SagaDefinition>,
  migrations: MigrationsOf,
  nowMs: number,
): AsyncGenerator<CheckProgress, VersionCheck> {
  const registry = registryOf(definitions, migrations);
  const stored = await openStoredSagas(database);
  try {
    const groups = new Map<string, CheckGroup>();
    const total = await stored.inFlightCount();
    let done = 0;
    let parked = 0;
    let leaving = 0;
    for await (const saga of stored.inFlight()) {
      done += 1;
      const fate = fateOf(registry, saga, nowMs);
      if (fate.outcome === 'parked') parked += 1;
      if (fate.outcome === 'leaves') leaving += 1;
      count(groups, saga, fate);
      yield { done, total, parked };
    }
    return { sagas: done, parked, leaving, groups: [...groups.values()].toSorted(worstFirst) };
  } finally {
    await stored.close();
  }
}

type Fate = Pick<CheckGroup, 'outcome' | 'to' | 'reason'>;

function fateOf(registry: Registry, saga: SagaInFlight, nowMs: number): Fate {
  if (saga.error !== null && moveIn(failureOfText(saga.error)) !== null) {
    return { outcome: 'leaves', to: null, reason: null };
  }
  if (crc32(saga.state) !== saga.checksum) return damaged();
  try {
    const standing = standingOf(registry, saga, nowMs);
    switch (standing.kind) {
      case 'goes-on':
        return { outcome: 'goes-on', to: null, reason: standing.stays?.message ?? null };
      case 'refused':
        return { outcome: 'parked', to: null, reason: standing.error.message };
      case 'migrates': {
        const { from, to } = standing.migration;
        if (from === to) return { outcome: 'edited', to: null, reason: null };
        return { outcome: 'migrates', to, reason: null };
      }
    }
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    return damaged();
  }
}

function damaged(): Fate {
  const reason = 'its stored state is damaged; see `backstep doctor`';
  return { outcome: 'parked', to: null, reason };
}

function count(
  groups: Map<string, CheckGroup>,
  { id, type, version }: StoredSaga,
  fate: Fate,
): void {
  const own = JSON.stringify([type, version, fate]);
  const isRoom = groups.has(own) || groups.size < MAX_GROUPS;
  const told = isRoom || fate.reason === null ? fate : { ...fate, reason: 'for other reasons' };
  const key = isRoom ? own : JSON.stringify([type, version, told]);
  const known = groups.get(key) ?? { type, version, ...told, sagas: 0, examples: [] };
  const examples = known.examples.length < MAX_EXAMPLES ? [...known.examples, id] : known.examples;
  groups.set(key, { ...known, sagas: known.sagas + 1, examples });
}

const WORST_FIRST: readonly CheckOutcome[] = ['parked', 'leaves', 'migrates', 'edited', 'goes-on'];

function worstFirst(one: CheckGroup, other: CheckGroup): number {
  const rank = WORST_FIRST.indexOf(one.outcome) - WORST_FIRST.indexOf(other.outcome);
  return rank || other.sagas - one.sagas;
}

function add(
  registry: Registry,
  definition: SagaDefinition,
  migrate: Readonly<Record<number, Migration>>,
): void {
  const activities = Object.fromEntries(definition.activities.map((name) => [name, () => null]));
  registry.add(definition, { activities, migrate });
}

function addChildren(registry: Registry, { children }: SagaDefinition): void {
  for (const child of Object.values(children)) {
    if (registry.has(child.id, child.version)) continue;
    add(registry, child, {});
    addChildren(registry, child);
  }
}
