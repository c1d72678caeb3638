/**
 * Which definitions are registered, with what implementations. Several versions of a saga live side
 * by side; new starts use the newest.
 */
import type { Activity } from '../core/activity.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { BackstepError } from '../core/errors.ts';
import { wayOfActor } from '../core/machine/actors/actor-facts.ts';
import { ownActivities } from './outside/own-activities.ts';
import { eventSchemas } from '../core/define/event-schemas.ts';
import type { Migration, MigrationPlan } from '../core/history/migration.ts';
import { meantInstead } from '../core/nearest-name.ts';
import type { MachineBindings, Subscriber } from './backstep.ts';

/** A definition with everything it needs to run. */
export interface Registration {
  /** With the schemas of events that were given at registration. */
  readonly definition: SagaDefinition;
  readonly activities: ReadonlyMap<string, Activity>;
  readonly subscribers: ReadonlyMap<string, Subscriber>;
  /** From which versions sagas are taken along, and how. */
  readonly migrations: ReadonlyMap<number, Migration>;
}

/** A way from an old version to one that is registered. */
export interface MigrationRoute {
  readonly registration: Registration;
  readonly plan: MigrationPlan;
}

/** A version of which sagas can go on; `hash` `null`: on a later version, to which they migrate. */
export interface Runnable {
  readonly type: string;
  readonly version: number;
  readonly hash: string | null;
}

export class Registry {
  /** By `type@version`. */
  readonly #byVersion = new Map<string, Registration>();
  readonly #newest = new Map<string, Registration>();

  /** Throws `definition-invalid` when an activity has no implementation or a version is taken. */
  add(definition: SagaDefinition, bindings: MachineBindings): void {
    const { migrate: _, ...forChildren } = bindings;
    const added = [];
    for (const each of this.familyOf(definition)) {
      added.push(this.#registrationOf(each, each === definition ? bindings : forChildren));
    }
    for (const registration of added) this.#put(registration);
  }

  /** The saga, and those made of machines inside it that are not registered yet. */
  familyOf(definition: SagaDefinition): readonly SagaDefinition[] {
    const own = definition.ownChildren.filter((each) => !this.has(each.id, each.version));
    return [...own.flatMap((each) => this.familyOf(each)), definition];
  }

  #registrationOf(definition: SagaDefinition, bindings: MachineBindings): Registration {
    const { id, version } = definition;
    const name = `${id}@${version}`;
    if (this.#byVersion.has(name)) {
      throw new BackstepError('definition-invalid', `saga "${id}" version ${version} stands twice`);
    }
    const bound = Object.entries(bindings.activities ?? {});
    refuseListeners(definition, bound);
    const activities = new Map<string, Activity>([...ownActivities(definition.own), ...bound]);
    const missing = definition.activities.filter(
      (each) => !activities.has(each) && !definition.own.has(each),
    );
    if (missing.length > 0) {
      const extra = bound
        .map(([each]) => each)
        .filter((each) => !definition.activities.includes(each));
      throw new BackstepError(
        'definition-invalid',
        `saga "${id}" calls ${missing.join(', ')} but no implementation was given; ` +
          `add it to the activities of register()${meantInstead(missing[0] ?? '', extra)}`,
      );
    }
    const subscribers = new Map(Object.entries(bindings.subscribers ?? {}));
    return {
      definition: withEvents(definition, bindings.events),
      activities,
      subscribers,
      migrations: readMigrations(definition, bindings.migrate ?? {}),
    };
  }

  #put(registration: Registration): void {
    const { id, version } = registration.definition;
    this.#byVersion.set(`${id}@${version}`, registration);
    const newest = this.#newest.get(id);
    if (newest === undefined || newest.definition.version < version) {
      this.#newest.set(id, registration);
    }
  }

  /** The newest version of a type. Throws `not-found`. */
  newest(type: string): Registration {
    const registration = this.#newest.get(type);
    if (registration !== undefined) return registration;
    const known = [...this.#newest.keys()];
    const registered = `registered: ${known.join(', ') || 'none'}`;
    const message = `no saga type "${type}"; ${registered}${meantInstead(type, known)}`;
    throw new BackstepError('not-found', message);
  }

  /** Every version of a type, the newest first. Throws `not-found`. */
  versionsOf(type: string): readonly SagaDefinition[] {
    const { definition: newest } = this.newest(type);
    const others = this.all().filter(({ id, version }) => id === type && version < newest.version);
    return [newest, ...others.toSorted((one, other) => other.version - one.version)];
  }

  /** The version a stored saga runs on. Throws `version-missing`: it needs a migration. */
  version(type: string, version: number): Registration {
    const registration = this.#byVersion.get(`${type}@${version}`);
    if (registration !== undefined) return registration;
    throw new BackstepError(
      'version-missing',
      this.knows(type)
        ? `saga type "${type}" version ${version} is not registered; register it, or migrate the saga`
        : `saga type "${type}" is not registered; register it in every process that runs this database`,
    );
  }

  /** Whether any version of the type is registered. */
  knows(type: string): boolean {
    return this.#newest.has(type);
  }

  has(type: string, version: number): boolean {
    return this.#byVersion.has(`${type}@${version}`);
  }

  /** Whether sagas of the version, with that fingerprint, go on as they are. */
  runs(type: string, version: number, hash: string): boolean {
    const definition = this.#byVersion.get(`${type}@${version}`)?.definition;
    if (definition?.hash !== hash || this.#lackOf(definition) !== null) return false;
    return this.routeFrom(type, version) === null;
  }

  /** Whether sagas of the version can go on, as they are or migrated. */
  canRun(type: string, version: number): boolean {
    const registration =
      this.#byVersion.get(`${type}@${version}`) ?? this.routeFrom(type, version)?.registration;
    return registration !== undefined && this.#lackOf(registration.definition) === null;
  }

  /** Every version of which sagas can go on, as they are or migrated; with their own fingerprint. */
  runnable(): readonly Runnable[] {
    const found: Runnable[] = [];
    for (const { definition, migrations } of this.#byVersion.values()) {
      const { id: type, version: own, hash } = definition;
      for (const version of [own, ...migrations.keys()]) {
        if (!this.canRun(type, version)) continue;
        if (version === own) found.push({ type, version, hash });
        else if (!this.has(type, version)) found.push({ type, version, hash: null });
      }
    }
    return found;
  }

  /** What new starts of a version run on: itself, or where it leads. Throws as `version`. */
  current(type: string, version: number): Registration {
    if (this.has(type, version)) return this.version(type, version);
    return this.routeFrom(type, version)?.registration ?? this.version(type, version);
  }

  /** Throws `definition-invalid` when the saga runs a child that nobody registered. */
  assertChildren(definition: SagaDefinition): void {
    const lack = this.#lackOf(definition);
    if (lack === null) return;
    throw new BackstepError(
      'definition-invalid',
      `${lack}; register that too, before the first start`,
    );
  }

  /**
   * The same for a saga in flight. Throws `version-missing`: what it has started as a child may
   * stand, and nobody could say how it came out.
   */
  assertFamily(definition: SagaDefinition): void {
    const lack = this.#lackOf(definition);
    if (lack !== null) throw new BackstepError('version-missing', `${lack}; register that too`);
  }

  #lackOf({ id, children }: SagaDefinition): string | null {
    const child = Object.values(children).find((each) => !this.canRun(each.id, each.version));
    if (child === undefined) return null;
    return `saga "${id}" runs "${child.id}" version ${child.version} as a child, which is not registered`;
  }

  /** The way on from a version, as far as it leads; `null`: there is none. */
  routeFrom(type: string, from: number): MigrationRoute | null {
    const steps: Migration[] = [];
    let registration: Registration | null = null;
    for (let at = from; ;) {
      const next = this.#successorOf(type, at);
      if (next === null) break;
      steps.push(next.migration);
      registration = next.registration;
      at = registration.definition.version;
    }
    if (registration === null) return null;
    return { registration, plan: { from, definition: registration.definition, steps } };
  }

  // The newest version with a migration from the stored one.
  #successorOf(type: string, version: number) {
    let best: { readonly registration: Registration; readonly migration: Migration } | null = null;
    for (const registration of this.#byVersion.values()) {
      const { definition, migrations } = registration;
      const migration = definition.id === type ? migrations.get(version) : undefined;
      if (migration === undefined) continue;
      if (best === null || best.registration.definition.version < definition.version) {
        best = { registration, migration };
      }
    }
    return best;
  }

  /** Every registered version. */
  all(): readonly SagaDefinition[] {
    return [...this.#byVersion.values()].map((registration) => registration.definition);
  }
}

// Into the definition, because actors of sagas and forms of pages ask the definition for them.
function withEvents(definition: SagaDefinition, given: MachineBindings['events']): SagaDefinition {
  if (given === undefined) return definition;
  const overriding = eventSchemas(definition.machine, given);
  return { ...definition, events: new Map([...definition.events, ...overriding]) };
}

// An activity answers once; in place of a callback or observable that would end the actor.
function refuseListeners(
  { id, machine }: SagaDefinition,
  bound: readonly (readonly [string, unknown])[],
): void {
  const listener = bound.find(([name]) => wayOfActor(machine, name) === 'listener');
  if (listener === undefined) return;
  throw new BackstepError(
    'definition-invalid',
    `saga "${id}": "${listener[0]}" is bound as an activity, but is an actor of the machine that ` +
      'goes on until its state is left; leave the binding out, or declare it as activity()',
  );
}

function readMigrations(
  { id, version }: SagaDefinition,
  given: Readonly<Record<number, Migration>>,
): ReadonlyMap<number, Migration> {
  const migrations = new Map<number, Migration>();
  for (const [key, migration] of Object.entries(given)) {
    const from = Number(key);
    if (!Number.isInteger(from) || from < 1 || from >= version) {
      throw new BackstepError(
        'definition-invalid',
        `saga "${id}" version ${version}: migrate from "${key}"; give an earlier version`,
      );
    }
    migrations.set(from, migration);
  }
  return migrations;
}
