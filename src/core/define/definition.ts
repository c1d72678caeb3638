/**
 * A saga definition: one XState machine, and what the engine must know about it beside the drawing.
 *
 * `durable` reads it from a hand-written machine; `defineSaga` compiles to it.
 */
import type { AnyStateMachine } from 'xstate';
import type { InvokeRole, SagaStep, TimerRole } from '../machine/machine-roles.ts';
import type { OutsideEvent } from '../turn/inbound.ts';
import type { StandardSchema } from '../standard-schema.ts';

/**
 * A saga that can be registered. `C`: the activities its implementation must bring; `Input`, as
 * parsed, and `Output`: what a parent saga gives it and gets of it; `Event`: what it waits for;
 * `Given`: what a start gives, before it is parsed.
 */
export interface SagaDefinition<
  C extends object = object,
  Input = unknown,
  Output = unknown,
  Event = OutsideEvent,
  Given = unknown,
> {
  readonly id: string;
  readonly version: number;
  /** Fingerprint of the drawing; another one under the same version means it was edited. */
  readonly hash: string;
  readonly machine: AnyStateMachine;
  /** Parses the input of a start; `null`: any JSON. */
  readonly input: StandardSchema | null;
  /** What events from outside must carry, by type; any JSON for a type that is not there. */
  readonly events: ReadonlyMap<string, StandardSchema>;
  readonly steps: readonly SagaStep[];
  /** By invoke id. */
  readonly invokes: ReadonlyMap<string, InvokeRole>;
  /** By timer id, which is the type of the event it raises. */
  readonly timers: ReadonlyMap<string, TimerRole>;
  /** Names of every activity that the machine may call; child sagas are not among them. */
  readonly activities: readonly string[];
  /** Sagas that an invoke starts as children, by invoke src. */
  readonly children: Readonly<Record<string, SagaDefinition>>;
  /** Of these, the ones made of machines that the machine brought along: registered with it. */
  readonly ownChildren: readonly SagaDefinition[];
  /** Logic that the machine brought along, by activity name: run unless another one is bound. */
  readonly own: ReadonlyMap<string, unknown>;
  /**
   * Types of events that wait, bounded, when they come before the machine can take them, as long as
   * a state that can is still ahead.
   */
  readonly keepsEarly: readonly string[];
  /** Members of the context that a person may edit; `null`: any that is there. */
  readonly editable: readonly string[] | null;
  /** What keeps a stored context from being gone on with; absent: any object will do. */
  readonly contextFlaw?: (context: unknown) => string | null;
  /** Values that `verify` explores the saga with. */
  readonly examples: Examples;
  /** True for what `defineSaga` compiled; false for a machine that somebody drew. */
  readonly isBuilt: boolean;
  /** False for a plain machine that says nothing of steps: it is not held to its ledger. */
  readonly speaksOfSteps: boolean;
  /**
   * The round that a step of a loop runs in, 1 for the first; `undefined` outside of one. `null`:
   * the saga has no loop that it counts.
   */
  readonly roundOf: ((context: unknown, step: string) => number | undefined) | null;
  /**
   * How each step is undone, as the author of a built saga wrote it, by step. `verify` and the test
   * kit judge by it what the machine does; empty for a hand-written machine.
   */
  readonly waysBack: ReadonlyMap<string, WayBack>;
  /** Only carries types. */
  readonly types?: {
    readonly contract: C;
    // Callers pass these in: as parameters they are checked the way round that this needs.
    input(input: Input): void;
    given(given: Given): void;
    event(event: Event): void;
    readonly output: Output;
  };
}

/** How a step is undone, in the author's words. */
export interface WayBack {
  /** Makes the input of the compensation. */
  readonly input: (view: never) => unknown;
  /** The loop that the step runs in, and every block of it; `null` outside of one. */
  readonly loop: { readonly name: string; readonly blocks: readonly string[] } | null;
}

/**
 * Values that `verify` explores a saga with, where a guard or mapper needs more than made-up ones.
 * Several outputs of an activity, or several events of a type, are several outcomes to explore.
 */
export interface Examples {
  /** An input as parsing gives it. */
  readonly input?: unknown;
  /** By activity name. */
  readonly outputs?: Readonly<Record<string, readonly unknown[]>>;
  /** By event type; without the type itself. */
  readonly events?: Readonly<Record<string, readonly object[]>>;
}
