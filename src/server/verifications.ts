/**
 * What `verify` says of the registered definitions, for the API and the pages: worked out when first asked for,
 * then kept for as long as the definition is.
 *
 * It must never hold up the engine, which shares this thread: the work is done in short slices.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { SagaDefinition } from '../core/define/definition.ts';
import { type Verification, verifyInSteps } from '../verify/verify.ts';

/** States explored between two looks at everything else; about a millisecond. */
const STATES_PER_SLICE = 8;

/** Most states explored here; the command line explores more. */
const MAX_STATES = 5_000;

export class Verifications {
  readonly #byDefinition = new WeakMap<SagaDefinition, Promise<Verification>>();
  readonly #done = new WeakMap<SagaDefinition, Verification>();

  /** The verification of a definition; callers at the same time share one. */
  of(definition: SagaDefinition): Promise<Verification> {
    const known = this.#byDefinition.get(definition);
    if (known !== undefined) return known;
    const work = verifyInSlices(definition);
    this.#byDefinition.set(definition, work);
    work.then(
      (verification) => this.#done.set(definition, verification),
      () => this.#byDefinition.delete(definition), // asked again, it is tried again
    );
    return work;
  }

  /** The same for a page that does not wait: `null` until the work, which begins now, is done. */
  known(definition: SagaDefinition): Verification | null {
    const done = this.#done.get(definition);
    if (done === undefined) this.of(definition).catch(() => {});
    return done ?? null;
  }
}

async function verifyInSlices(definition: SagaDefinition): Promise<Verification> {
  const work = verifyInSteps(definition, { maxStates: MAX_STATES });
  for (let count = 1; ; count++) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (count % STATES_PER_SLICE === 0) await nextTick();
  }
}
