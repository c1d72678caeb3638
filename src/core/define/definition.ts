/**
 * A saga definition: one XState machine, and what the engine must know about it beside the drawing.
 *
 * `durable` reads that from any hand-written machine in the supported subset and refuses the rest
 * with a message that names the place and the cure; `defineSaga` compiles to it.
 */
import type { AnyStateMachine } from 'xstate';
import { activity, type Contract } from '../activity.ts';
import { type EventSchemas, eventSchemas } from './event-schemas.ts';
import { keptTypes } from '../machine/event-types.ts';
import { fingerprint } from '../hash.ts';
import { checkMachine } from '../machine/machine-check.ts';
import { namedGuards } from '../machine/machine-code.ts';
import { readFields } from '../machine/machine-nodes.ts';
import { wholeDelays } from '../machine/machine-delays.ts';
import {
  type InvokeRole,
  readActivityNames,
  readInvokes,
  readSteps,
  readTimers,
  type SagaStep,
  speaksOfSteps,
  type TimerRole,
} from '../machine/machine-roles.ts';
import { withMicrostepBound } from '../machine/microstep-bound.ts';
import {
  ANYTHING,
  check,
  type Kind,
  listOf,
  mapOf,
  optionsOf,
  SCHEMA,
  TEXT,
  whole,
} from '../options-reader.ts';
import { shown } from '../shown.ts';
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
    // Taken by whoever starts it or sends to it, hence parameters.
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

/** What `durable` needs beside the machine. */
export interface DurableOptions {
  /** Counts up with every change of the drawing that instances in flight would notice. Default 1. */
  readonly version?: number;
  readonly input?: StandardSchema;
  /**
   * What events from outside must carry, by event type; the schema sees the event without its
   * `type`. One that does not match is refused as `input-invalid`, naming the member.
   */
  readonly events?: EventSchemas;
  readonly examples?: Examples;
  /** Sagas run as durable children, by the name the machine invokes them under. */
  readonly children?: Readonly<Record<string, SagaDefinition>>;
  /** See `SagaDefinition.keepsEarly`. Default none: an event that nobody waits for is refused. */
  readonly keepsEarly?: readonly string[];
  /** See `SagaDefinition.editable`. Default any. */
  readonly editable?: readonly string[];
}

/**
 * Makes a hand-written machine registrable. Which step an invoking state belongs to is read from
 * its `meta`: `{ step, kind }` for a step, `{ compensates: step }` for a compensation,
 * `{ probes: step }` for a probe; without `meta` every invoke is a step of its own name. A step's
 * meta may add `repeatable: false` (never started again while a first start may have had its
 * effect) and `heartbeatMs` (longest silence of an attempt).
 *
 * A step that is started again gets the key it had while its outcome is in doubt, and while its
 * `<invoke id>.retry` delay runs. Started again directly after it failed for certain, completed or
 * was undone, it is a new occurrence with a new key, so that a loop, or a payment with another
 * card, is a call of its own. A child saga that is started again is always another one. A
 * compensation undoes the last occurrence that is still owed.
 *
 * Status comes from tags named like a status: `compensating`, `waiting`, `compensation_failed`,
 * `failed`; on a final state `compensated`, or `compensation_failed` and `failed` where a person
 * resolved what the machine could not.
 *
 * Supported: compound, parallel and history states, final states with output, guards, `always`,
 * wildcards, named delays, `raise` (delayed too), `cancel`, `assign`, `emit`, `log`, tags, meta,
 * `enqueueActions`, invoke and `spawnChild`/`stopChild` of named activities and, through
 * `options.children`, of machines as sagas of their own, `sendTo` a child or itself, `sendParent`.
 *
 * Refused: custom actions, inline, callback, observable and transition actors, numeric delays,
 * implicit ids, system ids, `onSnapshot`, a delayed `sendTo`, async guards and inputs; at run time
 * `spawn` inside an assign, and a context, input, output or event that JSON does not keep.
 *
 * Everything else is as in a live actor (test/differential compares the two), except:
 *
 * - A machine that speaks of steps, in `meta` or with a status for a tag, does not end as
 *   `compensated` or `completed` while one of them is owed, open or in doubt: it is parked as it
 *   was before, with a dead letter that names the step.
 * - A failure that nothing handles parks it likewise, so that it can be retried.
 * - An event that makes the machine throw is refused and leaves it as it was; a result or timer
 *   that does so parks it.
 * - An event that no transition takes is refused (or kept, see `keepsEarly`), not dropped. Types
 *   that begin with `xstate.` or `backstep.` are the engine's.
 * - A failed activity arrives as a `Failure`, not as what was thrown.
 * - Undefined members of contexts, inputs, outputs and events are left out, as JSON does.
 * - A delay is a number of milliseconds from 0 to ten years, a fraction rounded up; anything else
 *   is refused by its name.
 * - A delayed event replaces a pending one of the same id.
 * - Delays keep their due time over restarts, but `<invoke id>.timeout` runs from each dispatch.
 * - Another saga hears of an event after the turn is durable, not within it.
 *
 * Throws `definition-invalid` for what cannot run durably.
 */
export function durable<
  C extends object = Contract,
  Input = unknown,
  Output = unknown,
  Event = OutsideEvent,
  Given = Input,
>(
  drawn: AnyStateMachine,
  options: DurableOptions = {},
): SagaDefinition<C, Input, Output, Event, Given> {
  check(drawn, MACHINE, 'durable', 'definition-invalid');
  check(options, DURABLE_OPTIONS, `saga "${drawn.id}"`, 'definition-invalid');
  const { version = 1, input = null, examples = {}, children = {} } = options;
  const machine = withMicrostepBound(runnable(drawn, children));
  checkMachine(machine);
  const invokes = readInvokes(machine);
  return {
    id: machine.id,
    version,
    hash: fingerprint(JSON.stringify(machine.definition)),
    machine,
    input,
    events: eventSchemas(machine, options.events ?? {}),
    steps: readSteps(invokes),
    invokes,
    timers: readTimers(machine, invokes),
    activities: readActivityNames(machine, children),
    children,
    keepsEarly: keptTypes(machine, options.keepsEarly ?? []),
    editable: options.editable ?? null,
    speaksOfSteps: speaksOfSteps(machine),
    roundOf: null,
    waysBack: new Map(),
    examples,
  };
}

// A child runs as a durable saga of its own: inside its parent it is but an activity that answers.
function runnable(
  machine: AnyStateMachine,
  children: Readonly<Record<string, SagaDefinition>>,
): AnyStateMachine {
  const standIns = Object.keys(children).map((name) => [name, activity()] as const);
  // A compiled machine asks guards of ours, and mappers that name themselves.
  const isCompiled = readFields(machine.config.meta)['builder'] !== undefined;
  return machine.provide({
    actors: Object.fromEntries(standIns),
    delays: wholeDelays(machine),
    guards: isCompiled ? {} : namedGuards(machine),
  });
}

const SAGA_TAKES = 'what .build() or durable(...) gives';

/** What `register`, `child` and the command line take for a saga. */
export const SAGA: Kind = {
  takes: SAGA_TAKES,
  faultOf: (value) => {
    if (isDefinition(value)) return null;
    const isDraft = isObject(value) && typeof value['build'] === 'function';
    if (isDraft) return { path: '', what: 'is a draft that is not built yet; call .build()' };
    const isMachine = isObject(value) && 'root' in value && 'implementations' in value;
    if (isMachine) return { path: '', what: 'is a bare machine; make it durable(machine)' };
    return { path: '', what: `is ${shown(value)}; give ${SAGA_TAKES}` };
  },
};

/** True for what `.build()` and `durable` give. */
export function isDefinition(value: unknown): value is SagaDefinition {
  return isObject(value) && 'machine' in value && value['invokes'] instanceof Map;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}

const MACHINE: Kind = {
  takes: 'a machine of XState 5, as createMachine gives it',
  faultOf: (value) => {
    const isMachine = isObject(value) && 'root' in value && typeof value['provide'] === 'function';
    if (isMachine) return null;
    return { path: '', what: `is ${shown(value)}; give ${MACHINE.takes}` };
  },
};

/** What the builder and `durable` take for `examples`. */
export const EXAMPLES = optionsOf({
  input: ANYTHING,
  outputs: mapOf(listOf(ANYTHING, 'outputs'), 'lists of outputs by activity'),
  events: mapOf(listOf(ANYTHING, 'events'), 'lists of events by type'),
});

const DURABLE_OPTIONS = optionsOf({
  version: whole(1),
  input: SCHEMA,
  // Looked at with the events that the machine knows.
  events: mapOf(ANYTHING, 'schemas by event type'),
  examples: EXAMPLES,
  children: mapOf(SAGA, 'sagas by the name they are invoked under'),
  keepsEarly: listOf(TEXT, 'event types'),
  editable: listOf(TEXT, 'members of the context'),
});
