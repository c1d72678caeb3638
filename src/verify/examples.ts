/**
 * The values a verification feeds to a saga: its input, and what activities and events bring.
 */
import type { EventObject } from 'xstate';
import type { Examples } from '../core/define/definition.ts';

/** Every value that an exploration can need. */
export interface ExampleValues {
  readonly input: unknown;
  /** True when nobody gave an input and it was made up from what the machine reads. */
  readonly isInputMadeUp: boolean;
  /**
   * What an activity's success brings; one outcome each. Made-up texts tell the occurrences of a
   * step apart. Default: the first one.
   */
  readonly outputsOf: (activity: string, occurrence?: number) => readonly unknown[];
  /** True when nobody gave an example of the event. */
  readonly isEventMadeUp: (type: string) => boolean;
  /** What an event brings beside its type; one outcome each. */
  readonly eventsOf: (type: string) => readonly object[];
}

/** The examples that were given, a later source before an earlier one. */
export function mergeExamples(first: Examples, later: Examples): Examples {
  return {
    ...first,
    ...later,
    outputs: { ...first.outputs, ...later.outputs },
    events: { ...first.events, ...later.events },
  };
}

/** The events to try for an accepted type; a wildcard is tried with a name that it matches. */
export function samplesOf(examples: ExampleValues, type: string): readonly EventObject[] {
  const name = type === '*' ? 'any' : type.replace(/\.\*$/, '.any');
  return examples.eventsOf(type).map((members) => ({ ...members, type: name }));
}
