/**
 * Which definitions are registered, with what implementations. Several versions of a saga live side
 * by side; new starts use the newest.
 */
import type { Activity, Contract } from '../core/activity.ts';
import type { SagaDefinition } from '../core/definition.ts';
import { BackstepError } from '../core/errors.ts';
import type { Bindings, Subscriber } from './backstep.ts';

/** A definition with everything it needs to run. */
export interface Registration {
  readonly definition: SagaDefinition;
  readonly activities: ReadonlyMap<string, Activity>;
  readonly subscribers: ReadonlyMap<string, Subscriber>;
}

export class Registry {
  /** By `type@version`. */
  readonly #byVersion = new Map<string, Registration>();
  readonly #newest = new Map<string, Registration>();

  /** Throws `definition-invalid` when an activity has no implementation or a version is taken. */
  add<C extends Contract>(definition: SagaDefinition<C>, bindings: Bindings<C>): void {
    const { id, version } = definition;
    const name = `${id}@${version}`;
    if (this.#byVersion.has(name)) {
      throw new BackstepError('definition-invalid', `saga "${id}" version ${version} stands twice`);
    }
    const activities = new Map<string, Activity>(Object.entries(bindings.activities));
    const missing = definition.activities.filter((each) => !activities.has(each));
    if (missing.length > 0) {
      throw new BackstepError(
        'definition-invalid',
        `saga "${id}" calls ${missing.join(', ')} but no implementation was given; ` +
          'add it to the activities of register()',
      );
    }
    const subscribers = new Map(Object.entries(bindings.subscribers ?? {}));
    const registration: Registration = { definition, activities, subscribers };
    this.#byVersion.set(name, registration);
    const newest = this.#newest.get(id);
    if (newest === undefined || newest.definition.version < version) {
      this.#newest.set(id, registration);
    }
  }

  /** The newest version of a type. Throws `not-found`. */
  newest(type: string): Registration {
    const registration = this.#newest.get(type);
    if (registration !== undefined) return registration;
    const known = [...this.#newest.keys()].join(', ') || 'none';
    throw new BackstepError('not-found', `no saga type "${type}"; registered: ${known}`);
  }

  /** The version a stored saga runs on. Throws `state-unreadable`: it needs a migration. */
  version(type: string, version: number): Registration {
    const registration = this.#byVersion.get(`${type}@${version}`);
    if (registration !== undefined) return registration;
    throw new BackstepError(
      'state-unreadable',
      `saga type "${type}" version ${version} is not registered; register it, or migrate the saga`,
    );
  }

  /** Every registered version. */
  all(): readonly SagaDefinition[] {
    return [...this.#byVersion.values()].map((registration) => registration.definition);
  }
}
