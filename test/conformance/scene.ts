/**
 * What a case plays in: sagas bound to fakes, a host that runs them, and what it left behind when
 * the case is over.
 *
 * Cases know the public face of Backstep and nothing of the host below it. They wait for what they
 * want to see, never for time to pass.
 */
import { randomUUID } from 'node:crypto';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import type { SagaState } from '../../src/core/state.ts';
import type { SagaStatus } from '../../src/core/status.ts';
import type { Backstep, Bindings, SpawnOptions } from '../../src/host/backstep.ts';
import type { Outcome } from '../../src/host/outcome.ts';
import type { Spawned } from '../../src/host/saga-handle.ts';
import { type DoctorFinding, examineDatabase } from '../../src/host/upkeep/doctor.ts';
import { FakeActivities, type FakeOptions } from '../../src/testing/fake-activities.ts';
import type { Deployment, Place } from './host.ts';
import { INPUT } from './sagas.ts';
import { maskedJournals } from './masked-journals.ts';

/** Longest that anything may take which a case waits for. */
const PATIENCE = '20s';

interface Bound {
  readonly definition: SagaDefinition;
  readonly bindings: Bindings;
}

/** What is bound beside the fakes, and how those answer. */
export interface BindOptions extends FakeOptions {
  readonly bindings?: Omit<Bindings, 'activities'>;
}

/** What a case left behind. */
export interface Remains {
  readonly findings: readonly DoctorFinding[];
  /** The journal of each saga, without what differs from run to run. */
  readonly journals: Readonly<Record<string, readonly string[]>>;
}

export class Scene {
  /** A start key that no other case has: a host may remember those of all of them. */
  readonly key = randomUUID();
  readonly #place: Place;
  readonly #known: SagaDefinition[] = [];
  #bound: Bound[] = [];
  #backstep: Backstep | null = null;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Binds a saga to fakes, from the next deployment on. */
  bind<C extends object>(
    definition: SagaDefinition<C>,
    { bindings = {}, ...fakes }: BindOptions = {},
  ): FakeActivities<C> {
    const made = new FakeActivities(definition, fakes);
    this.bindTo(definition, { ...bindings, activities: made.activities } as Bindings);
    return made;
  }

  /** Binds a saga to whatever a case brings. */
  bindTo<C extends object>(definition: SagaDefinition<C>, bindings: Bindings): void {
    // In the list every contract is alike; what was bound fits the definition it stands with.
    this.#bound.push({ definition: definition as unknown as SagaDefinition, bindings });
    this.#known.push(definition as unknown as SagaDefinition);
  }

  /** Forgets what is bound, as the next deployment does not have it. */
  unbind(): void {
    this.#bound = [];
  }

  /** Runs what is bound, instead of what ran before. */
  async deploy(deployment: Deployment = {}): Promise<Backstep> {
    if (this.#backstep !== null) await this.#place.close();
    const bound = [...this.#bound];
    this.#backstep = await this.#place.open((backstep) => {
      for (const { definition, bindings } of bound) backstep.register(definition, bindings);
    }, deployment);
    return this.#backstep;
  }

  get backstep(): Backstep {
    if (this.#backstep === null) throw new Error('nothing is deployed');
    return this.#backstep;
  }

  /** Starts a saga of a case, with the usual input unless told. */
  start(type: string, options: Partial<SpawnOptions> = {}): Promise<Spawned> {
    return this.backstep.spawn(type, { input: INPUT, ...options });
  }

  /** How a saga comes out, which must be so. */
  async settles<Status extends Outcome['status']>(
    id: string,
    status: Status,
  ): Promise<Extract<Outcome, { status: Status }>> {
    const outcome = await this.backstep.saga(id).settled({ within: PATIENCE });
    if (outcome.status === status) return outcome as Extract<Outcome, { status: Status }>;
    throw new Error(`saga ${id} is not ${status}: ${JSON.stringify(outcome)}`);
  }

  /** Starts a saga and says how it comes out. */
  async runs<Status extends Outcome['status']>(type: string, status: Status, of = INPUT.of) {
    const { id } = await this.start(type, { input: { of } });
    return { id, ...(await this.settles(id, status)) };
  }

  /** The first state of a saga that is as wanted. */
  async reaches(id: string, isThere: (state: SagaState) => boolean): Promise<SagaState> {
    const state = await this.backstep.saga(id).waitFor(isThere, { within: PATIENCE });
    if (state === null) {
      const now = await this.backstep.saga(id).state();
      throw new Error(
        `saga ${id} did not get there; it is ${now?.status} at ${JSON.stringify(now?.snapshot.value)}`,
      );
    }
    return state;
  }

  /** The state of a saga once it has that status. */
  hasStatus(id: string, status: SagaStatus): Promise<SagaState> {
    return this.reaches(id, (state) => state.status === status);
  }

  /** Ends the case, and looks at what it left behind. */
  async end(): Promise<Remains> {
    if (this.#backstep !== null) {
      await this.#place.rest();
      await this.#place.close();
    }
    const { findings } = await examined(this.#place, this.#known);
    return { findings, journals: await maskedJournals(this.#place.database) };
  }
}

async function examined({ database }: Place, definitions: readonly SagaDefinition[]) {
  const examination = examineDatabase(database, definitions);
  for (;;) {
    const next = await examination.next();
    if (next.done === true) return next.value;
  }
}
