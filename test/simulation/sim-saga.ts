/**
 * What the simulation needs to know of a saga: what starts it, what its callers send it, and what
 * must be true of it at its end beside what is true of any.
 */
import type { EventObject } from 'xstate';
import type { Contract } from '../../src/core/activity.ts';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { nodesOf } from '../../src/core/machine/machine-nodes.ts';
import { examplesFor } from '../../src/verify/values/learn.ts';

export interface SimSaga {
  readonly definition: SagaDefinition;
  /** The input of the start under this key, as callers give it. */
  readonly inputOf: (key: string, quantity: number) => object;
  /** What a caller may send while the saga waits. */
  readonly events: readonly EventObject[];
  /** The event that tells subscribers of its completion, where there is one. */
  readonly completion: string | null;
  /** Everything else that it tells subscribers. */
  readonly reminders: readonly string[];
  /** The step that moves money, where there is one. */
  readonly chargeStep: string | null;
  /** How many steps a completed one with this input has; a child is one. `null`: any number. */
  readonly stepsOf: (input: unknown) => number | null;
  /** What an activity's input is about, if it says so. */
  readonly subjectOf: (input: What) => string | undefined;
  /** Sagas that it runs as children. */
  readonly children: readonly SimSaga[];
  /** Activities whose effect may be in the engine's own database. */
  readonly local: readonly string[];
  /** True where no step has a second occurrence. */
  readonly isStraight: boolean;
  /** True where compensations may run side by side. */
  readonly isParallel: boolean;
  /**
   * True where every answer embeds the key it was given under, and every compensation carries the
   * round and the answer of the run that it undoes.
   */
  readonly carriesRuns: boolean;
  /** True where the same event is sent in every round. */
  readonly isAskedAgain: boolean;
  /** True where a person settles members of the family in whatever way is legal. */
  readonly isSettledAnyhow: boolean;
  /** What an activity, or a child, answers. `key`: the forward key of the step. */
  readonly outputOf: (name: string, key: string) => unknown;
}

/** What participants read of an input. */
export interface What {
  readonly orderId?: string;
  readonly tripId?: string;
  readonly customerId?: string;
  readonly kind?: string;
  readonly quantity?: number;
  readonly amountMinor?: number;
}

/** The saga of that type in the family of a run's saga. */
export function memberOf(root: SimSaga, type: string): SimSaga {
  const member = familyOf(root).find(({ definition }) => definition.id === type);
  if (member === undefined) throw new Error(`no saga "${type}" is simulated in this run`);
  return member;
}

/** The same saga with another drawing, as a planted bug brings it. */
export function redrawnAs(saga: SimSaga, definition: SagaDefinition): SimSaga {
  return { ...saga, definition };
}

/** A saga and all that run below it, parents before their children. */
export function familyOf(root: SimSaga): readonly SimSaga[] {
  return [root, ...root.children.flatMap(familyOf)];
}

/** A simulated saga; what is not given is as simple as can be. */
export function simulated<C extends Contract>(
  definition: SagaDefinition<C>,
  parts: Pick<SimSaga, 'inputOf' | 'stepsOf' | 'subjectOf'> &
    Partial<Omit<SimSaga, 'definition' | 'isParallel'>>,
): SimSaga {
  const examples = examplesFor(definition, {});
  return {
    events: [],
    completion: null,
    reminders: [],
    chargeStep: null,
    children: [],
    local: [],
    isStraight: false,
    carriesRuns: false,
    isAskedAgain: false,
    isSettledAnyhow: false,
    outputOf: (name) => examples.outputsOf(name)[0],
    ...parts,
    definition,
    isParallel: nodesOf(definition.machine).some(({ type }) => type === 'parallel'),
  };
}
