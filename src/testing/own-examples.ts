/**
 * The example values of a saga, learnt once: that takes longer than a run on fakes, and there are
 * thousands of runs.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { ExampleValues } from '../verify/values/examples.ts';
import { examplesFor } from '../verify/values/learn.ts';

const learnt = new WeakMap<SagaDefinition, ExampleValues>();

/** What a saga's own examples give, and what is made up for the rest. */
export function ownExamples(
  definition: SagaDefinition,
): Pick<ExampleValues, 'input' | 'outputsOf'> {
  const known = learnt.get(definition) ?? examplesFor(definition, {});
  learnt.set(definition, known);
  return known;
}
