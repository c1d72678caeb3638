/**
 * `durable`: a machine that somebody drew, read as a saga; what cannot run durably is refused with
 * every place and cure.
 */
import type { AnyStateMachine, EventFromLogic, InputFrom, OutputFrom } from 'xstate';
import type { Contract } from '../activity.ts';
import { type EventSchemas, eventSchemas } from './event-schemas.ts';
import { keptTypes } from '../machine/event-types.ts';
import { fingerprint } from '../hash.ts';
import {
  readActivityNames,
  readInvokes,
  readSteps,
  readTimers,
  speaksOfSteps,
} from '../machine/machine-roles.ts';
import {
  ANYTHING,
  check,
  listOf,
  mapOf,
  NAME,
  optionsOf,
  SCHEMA,
  TEXT,
  whole,
} from '../options-reader.ts';
import type { OutsideEvent } from '../turn/inbound.ts';
import type { StandardSchema } from '../standard-schema.ts';
import type { Examples, SagaDefinition } from './definition.ts';
import { CONTRACT, EXAMPLES, MACHINE, SAGA } from './definition-kinds.ts';
import { isBuiltMachine, runnable } from './runnable.ts';

/** What `durable` needs beside the machine. */
export interface DurableOptions<C = object, Given = unknown> {
  /** The saga's type. Default: the machine's own id, which it then must have. */
  readonly id?: string;
  /** Counts up with every change of the drawing that instances in flight would notice. Default 1. */
  readonly version?: number;
  /** Parses the input of a start. Default: any JSON. */
  readonly input?: StandardSchema<unknown, Given>;
  /** The contract of its activities, for the types alone: `{} as TripActivities`. */
  readonly activities?: C;
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

/** What a machine's types say, where they say anything. */
export type MachineInput<Machine extends AnyStateMachine> = Told<InputFrom<Machine>, unknown>;
export type MachineOutput<Machine extends AnyStateMachine> = Told<OutputFrom<Machine>, unknown>;
export type MachineEvent<Machine extends AnyStateMachine> = Told<
  EventFromLogic<Machine>,
  OutsideEvent
>;

/** The type, unless it is `any`. */
export type Told<Type, Otherwise> = 0 extends 1 & Type ? Otherwise : Type;

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
 * `options.children`, of machines as sagas of their own, `sendTo` a child or itself, `sendParent`, and
 * `self` as the input of a child machine or in an event for it, where it is the parent.
 *
 * A machine runs as it is. What it brings along for its actors is run unless something else is
 * bound at registration: promises as activities that call the machine's own creator, machines as
 * sagas of their own, registered with it. Inline actors are named after their invoke.
 *
 * A `fromTransition` actor is stepped within the turn; callbacks and observables run in memory while
 * they are wanted, and again in the next process. Custom actions run once their turn is durable, at
 * least once: the machine's own, or the subscriber bound under the name of the action.
 *
 * Refused, all that is wrong at once: async guards and inputs, guards and delays that nobody wrote,
 * actors of no creator of XState; at run time logic and actions that have no name, a context, input,
 * output or event that JSON does not keep, errors aside, and references to actors where they would
 * leave their saga. The whole list stands in `../machine/README.md`.
 *
 * Everything else is as in a live actor (test/differential compares the two), except:
 *
 * - An actor started under the id of one that still runs takes its place; the other one is told to
 *   end. Live, it would go on and nobody could reach it.
 * - A machine that speaks of steps, in `meta` or with a status for a tag, does not end as
 *   `compensated` or `completed` while one of them is owed, open or in doubt: it is parked as it
 *   was before, with a dead letter that names the step.
 * - A failure that nothing handles parks it likewise, so that it can be retried.
 * - An event that makes the machine throw is refused and leaves it as it was; a result or timer
 *   that does so parks it.
 * - A custom action that throws ends nothing: it runs after its turn, and is tried again.
 * - An event that no transition takes is refused (or kept, see `keepsEarly`), not dropped. Types
 *   that begin with `xstate.` or `backstep.` are the engine's.
 * - An error that an activity threw arrives as one with its name, message and own JSON members,
 *   before and after a restart, but not of its class. It also has `code`, `retryable` and
 *   `ambiguous`, as a `Failure` has.
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
  Machine extends AnyStateMachine,
  C extends Contract<C> = Contract,
  Given = MachineInput<Machine>,
>(
  drawn: Machine,
  options?: DurableOptions<C, Given>,
): SagaDefinition<C, MachineInput<Machine>, MachineOutput<Machine>, MachineEvent<Machine>, Given>;
/** The same for a machine whose own types say less than is known. */
export function durable<
  C extends object = Contract,
  Input = unknown,
  Output = unknown,
  Event = OutsideEvent,
  Given = Input,
>(drawn: AnyStateMachine, options?: DurableOptions): SagaDefinition<C, Input, Output, Event, Given>;
export function durable(drawn: AnyStateMachine, options: DurableOptions = {}): SagaDefinition {
  check(drawn, MACHINE, 'durable', 'definition-invalid');
  check(options, DURABLE_OPTIONS, `saga "${drawn.id}"`, 'definition-invalid');
  return defined(drawn, options, []);
}

// `within`: the machines that this one is a child of, the outermost first.
function defined(
  drawn: AnyStateMachine,
  options: DurableOptions,
  within: readonly AnyStateMachine[],
): Omit<SagaDefinition, 'types'> {
  const { id = drawn.id, version = 1, input = null, examples = {} } = options;
  const family = [...within, drawn];
  const { machine, children, ownChildren, own } = runnable(
    drawn,
    id,
    options.children ?? {},
    (child, name) => defined(child, { id: `${id}.${name}`, version }, family),
    within,
  );
  const invokes = readInvokes(machine);
  return {
    id,
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
    ownChildren,
    own,
    keepsEarly: keptTypes(machine, options.keepsEarly ?? []),
    editable: options.editable ?? null,
    isBuilt: isBuiltMachine(machine),
    speaksOfSteps: speaksOfSteps(machine),
    roundOf: null,
    waysBack: new Map(),
    examples,
  };
}

const DURABLE_OPTIONS = optionsOf({
  id: NAME,
  version: whole(1),
  input: SCHEMA,
  activities: CONTRACT,
  // Looked at with the events that the machine knows.
  events: mapOf(ANYTHING, 'schemas by event type'),
  examples: EXAMPLES,
  children: mapOf(SAGA, 'sagas by the name they are invoked under'),
  keepsEarly: listOf(TEXT, 'event types'),
  editable: listOf(TEXT, 'members of the context'),
});
