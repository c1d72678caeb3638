/**
 * What `verify` says of the registered definitions, for the API, and for pages, which do not wait.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { verificationOf } from '../host/verifications.ts';
import type { Verification } from '../verify/verify.ts';

export class Verifications {
  readonly #done = new WeakMap<SagaDefinition, Verification>();

  /** The verification of a definition. */
  of(definition: SagaDefinition): Promise<Verification> {
    return verificationOf(definition);
  }

  /** The same for a page that does not wait: `null` until the work, which begins now, is done. */
  known(definition: SagaDefinition): Verification | null {
    const done = this.#done.get(definition) ?? null;
    if (done === null) this.#ask(definition);
    return done;
  }

  #ask(definition: SagaDefinition): void {
    verificationOf(definition).then(
      (verification) => void this.#done.set(definition, verification),
      () => {}, // the page asks again
    );
  }
}
