/**
 * What a worker runs: definitions with their implementations, and how many sagas of a type may run
 * at once.
 *
 * Refuses at once what this host cannot keep its word for: writes that are to commit together with
 * a turn, and actors that live in the memory of one process.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { BackstepError } from '../core/errors.ts';
import { wayOfActor } from '../core/machine/actors/actor-facts.ts';
import { check } from '../core/options-reader.ts';
import type { Concurrency, MachineBindings } from '../host/backstep.ts';
import { capabilitiesOf } from '../host/capabilities.ts';
import { BINDINGS, REGISTERED } from '../host/edge-options.ts';
import type { AttemptTask } from '../host/outside/activity-runner.ts';
import { Registry } from '../host/registry.ts';
import type { AttemptWords } from './words.ts';

const { promises } = capabilitiesOf('restate');

export class WorkerRegistry extends Registry {
  readonly #bounds = new Map<string, number>();

  /**
   * As `Backstep.register`. Throws `definition-invalid` also for a transactional activity, see
   * `detached`, for a callback or an observable of the machine that is not bound, and for a bound
   * on how many sagas wait.
   */
  override add(definition: SagaDefinition, bindings: MachineBindings): void {
    check(definition, REGISTERED, 'register', 'definition-invalid');
    check(bindings, BINDINGS, `register of "${definition.id}"`, 'definition-invalid');
    refuseTransactional(definition, bindings);
    for (const each of this.familyOf(definition)) refuseListeners(each);
    const bound = limitOf(definition.id, bindings.concurrency);
    super.add(definition, bindings);
    if (bound === null) this.#bounds.delete(definition.id);
    else this.#bounds.set(definition.id, bound);
  }

  /** How many sagas of the type run at once; `null`: any number. */
  boundOf(type: string): number | null {
    return this.#bounds.get(type) ?? null;
  }
}

/** The attempt as the runner takes it; `null`: the worker does not have that version. */
export function taskOf(
  registry: WorkerRegistry,
  { saga: sagaId, type, version, effect, trace }: AttemptWords,
  run: number,
): AttemptTask | null {
  if (!registry.has(type, version)) return null;
  const { activities, definition } = registry.version(type, version);
  const implementation = activities.get(effect.src);
  if (implementation === undefined) return null;
  const keepsThrown = !definition.isBuilt;
  return { run, sagaId, type, trace: trace ?? null, effect, implementation, keepsThrown };
}

function limitOf(type: string, concurrency: Concurrency | undefined): number | null {
  if (concurrency === undefined) return null;
  const { limit, maxQueued } =
    typeof concurrency === 'number' ? { limit: concurrency } : concurrency;
  if (maxQueued !== undefined) {
    throw new BackstepError('definition-invalid', `saga "${type}": ${promises.bounds.how}`);
  }
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new BackstepError(
    'definition-invalid',
    `saga "${type}": concurrency must be a whole number, 1 or more`,
  );
}

function refuseTransactional({ id }: SagaDefinition, { activities = {} }: MachineBindings): void {
  const found = Object.entries(activities).find(([, each]) => typeof each !== 'function');
  if (found === undefined) return;
  throw new BackstepError(
    'definition-invalid',
    `saga "${id}": activity "${found[0]}" is transactional. ${promises.transactionalActivities.how}`,
  );
}

function refuseListeners({ id, machine, own }: SagaDefinition): void {
  const found = [...own.keys()].find((name) => wayOfActor(machine, name) === 'listener');
  if (found === undefined) return;
  throw new BackstepError(
    'definition-invalid',
    `saga "${id}": "${found}" is a callback or an observable. ${promises.inProcessListeners.how}`,
  );
}
