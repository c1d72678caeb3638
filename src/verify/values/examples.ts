/**
 * The values a verification feeds to a saga: its input, and what activities and events bring.
 */
import type { EventObject } from 'xstate';
import type { Examples } from '../../core/define/definition.ts';

/**
 * Where a value is from: an `example` that somebody gave; the `schema`, which took it; or it is
 * `made up` from what the machine reads, and nothing says that it can ever come.
 */
export type ValueSource = 'example' | 'schema' | 'made up';

/** A value that a saga was explored with. */
export interface UsedValue {
  /** `input`, `output of "<activity>"` or `event "<type>"`. */
  readonly member: string;
  readonly value: unknown;
  readonly from: ValueSource;
}

/** Values for one place. Never empty, unless there is a flaw. */
export interface Samples {
  readonly values: readonly unknown[];
  readonly from: ValueSource;
  /** The member that no value could be made up for, and why; `null`: there is a value. */
  readonly flaw: { readonly member: string; readonly why: string } | null;
}

/** Every value that an exploration can need. */
export interface ExampleValues {
  /** The first of `inputs`. */
  readonly input: unknown;
  /** Inputs to explore: several where the schema leaves a choice that a condition may ask for. */
  readonly inputs: Samples;
  /** Others, in which members differ that only mappers read. */
  readonly otherInputs: readonly unknown[];
  /**
   * What an activity's success brings; one outcome each. Made-up texts tell the occurrences of a
   * step apart. Default: the first one.
   */
  readonly outputsOf: (activity: string, occurrence?: number) => readonly unknown[];
  readonly isOutputMadeUp: (activity: string) => boolean;
  /** What an event brings beside its type; one outcome each. */
  readonly eventsOf: (type: string) => Samples;
  /** What was asked for until now. */
  readonly used: () => readonly UsedValue[];
  /** Of what was asked for: that for which there is no value, and why. */
  readonly flaws: () => readonly { readonly member: string; readonly why: string }[];
}

/** The examples that were given, a later source before an earlier one; the caller's stay as they are. */
export function mergeExamples(first: Examples, later: Examples): Examples {
  return copyOf({
    ...first,
    ...later,
    outputs: { ...first.outputs, ...later.outputs },
    events: { ...first.events, ...later.events },
  });
}

/** The events to try for an accepted type; a wildcard is tried with a name that it matches. */
export function samplesOf(examples: ExampleValues, type: string): readonly EventObject[] {
  const name = type === '*' ? 'any' : type.replace(/\.\*$/, '.any');
  return examples.eventsOf(type).values.map((members) => ({ ...(members as object), type: name }));
}

// Plain values all the way down; anything else is refused where it enters the saga.
function copyOf<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOf) as Value;
  if (value === null || typeof value !== 'object') return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, copyOf(member)] as const);
  return Object.fromEntries(members) as Value;
}
