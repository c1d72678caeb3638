/**
 * What `verify` says of the definitions of this process, each explored once, whoever asks: the check
 * at registration, the API, the pages.
 *
 * Invariant: bounded by states. It must never hold up the engine, which shares this thread: the work
 * is done in short slices, unless somebody asks for it at once.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { SagaDefinition } from '../core/define/definition.ts';
import { type Verification, verify, verifyInSteps } from '../verify/verify.ts';

/** Most states explored here; `backstep verify` explores more. */
const OPTIONS = { maxStates: 5_000 };
/** States explored between two looks at everything else; about a millisecond. */
const STATES_PER_SLICE = 8;

/** A definition never changes, so neither does what is found in it. */
const known = new WeakMap<SagaDefinition, Promise<Verification>>();

/** The verification; callers at the same time share one. */
export function verificationOf(definition: SagaDefinition): Promise<Verification> {
  const before = known.get(definition);
  if (before !== undefined) return before;
  const work = verifyInSlices(definition);
  known.set(definition, work);
  work.catch(() => known.delete(definition)); // asked again, it is tried again
  return work;
}

/** The same at once: it takes as long as the exploration does. */
export function verifiedNow(definition: SagaDefinition): Verification {
  const verification = verify(definition, OPTIONS);
  known.set(definition, Promise.resolve(verification));
  return verification;
}

async function verifyInSlices(definition: SagaDefinition): Promise<Verification> {
  const work = verifyInSteps(definition, OPTIONS);
  for (let count = 1; ; count++) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (count % STATES_PER_SLICE === 0) await nextTick();
  }
}
