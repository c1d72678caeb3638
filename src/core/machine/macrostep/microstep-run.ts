/**
 * Macrosteps from precomputed microsteps: the same snapshots and commands as XState's interpreter
 * gives, at a fraction of its cost.
 *
 * XState works out the states to leave and to enter anew at every step, builds a snapshot per
 * action and an actor per invoke. Here all that depends on the drawing alone is kept per machine
 * (microstep-plan.ts), the transitions are chosen as XState does (microstep-choice.ts), and what is
 * left is to run the assigns. Whatever the plans do not cover is `null`, and scope.ts asks the interpreter, which stays the
 * oracle: test/differential/microsteps.test.ts.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { type Command, toEvent } from './action-command.ts';
import { endlessCircle, LONGEST_TOLD_CIRCLE, microstepBound } from './microstep-bound.ts';
import { ActorRef, listen } from '../actors/actor-ref.ts';
import { chosenBy, chosenEventless, NONE } from './microstep-choice.ts';
import { operationFailure } from '../machine-code.ts';
import { delayNumber } from '../machine-delays.ts';
import { LEAVING, NOT_COVERED, refuseSpawn, TABLE_SYSTEM } from './microstep-self.ts';
import type { Operation, Plan, Transition } from './microstep-plan.ts';
import {
  type Entry,
  entryOf,
  entryOfSnapshot,
  planFor,
  snapshotOf,
  type Table,
  tableOf,
} from './microstep-table.ts';
import { widePlan } from './microstep-wide.ts';

/** A macrostep as the table makes it. */
export interface TableStep {
  /** The same object when nothing changed. */
  readonly snapshot: AnyMachineSnapshot;
  readonly commands: readonly Command[];
}

/** The first macrostep; `null`: the interpreter must take it. Throws what the machine throws. */
export function tableStart(
  machine: AnyStateMachine,
  self: object,
  input: unknown,
): TableStep | null {
  const table = tableOf(machine);
  if (table?.start === undefined) return null;
  const event = { type: 'xstate.init', input };
  return orNull(() => {
    const run = new Run(table, self, null);
    const { context } = machine.config as { readonly context: unknown };
    run.context = isExpression(context) ? startContext(context, input, self) : (context ?? {});
    run.take(table.start, event);
    return run.settle(event);
  });
}

/** A further macrostep; as `tableStart`. */
export function tableStep(
  snapshot: AnyMachineSnapshot,
  self: object,
  event: EventObject,
): TableStep | null {
  const machine: AnyStateMachine = snapshot.machine;
  const table = tableOf(machine);
  if (table === null || snapshot.status !== 'active' || event.type === 'xstate.stop') return null;
  return orNull(() => {
    const run = new Run(table, self, snapshot);
    const chosen = run.choose(event);
    // XState ends a machine at an error that nobody handles.
    if (chosen.length === 0 && event.type.startsWith('xstate.error.actor')) throw NOT_COVERED;
    run.follow(chosen, event);
    return run.settle(event);
  });
}

function orNull(step: () => TableStep): TableStep | null {
  try {
    return listen(LEAVING, step);
  } catch (thrown) {
    if (thrown === NOT_COVERED) return null;
    throw thrown;
  }
}

const system = TABLE_SYSTEM;

type Expression = (scene: object, params?: unknown) => unknown;

/** One macrostep on its way. */
class Run {
  readonly #table: Table;
  readonly #self: object;
  /** The snapshot that `#entry`, `context` and the rest are still the same as; else `null`. */
  #snapshot: AnyMachineSnapshot | null;
  #entry: Entry | null;
  context: unknown;
  #children: Readonly<Record<string, unknown>>;
  #status: 'active' | 'done' = 'active';
  #output: unknown = undefined;
  readonly #commands: Command[] = [];
  readonly #queue: EventObject[] = [];

  constructor(table: Table, self: object, snapshot: AnyMachineSnapshot | null) {
    this.#table = table;
    this.#self = self;
    this.#snapshot = snapshot;
    this.#entry = snapshot === null ? null : entryOfSnapshot(table, snapshot);
    this.context = snapshot?.context;
    this.#children = (snapshot?.children as Readonly<Record<string, unknown>>) ?? {};
  }

  /** The transitions that an event takes, at most one per active region. */
  choose(event: EventObject): readonly Transition[] {
    return chosenBy(event, this.#at(), this.#present());
  }

  follow(transitions: readonly Transition[], event: EventObject): void {
    if (transitions.length === 0) return;
    const at = this.#at();
    const plan = widePlan(this.#table, at, transitions) ?? planFor(at, transitions);
    if (plan === null) throw NOT_COVERED;
    this.take(plan, event);
  }

  /** Eventless transitions and what the machine told itself, until nothing is left to do. */
  settle(event: EventObject): TableStep {
    const { machine } = this.#table;
    const most = microstepBound(machine);
    const recent: unknown[] = [];
    let present = event;
    let mayMove = true;
    for (let count = 1; this.#status === 'active'; count++) {
      if (count > most) throw endlessCircle(machine, recent);
      if (count > most - LONGEST_TOLD_CIRCLE) recent.push(this.#at().value);
      const moved = mayMove ? this.#chooseEventless(present) : NONE;
      if (moved.length > 0) {
        const before = this.#present();
        this.follow(moved, present);
        mayMove = this.#snapshot !== before;
        continue;
      }
      const next = this.#queue.shift();
      if (next === undefined) break;
      present = next;
      this.follow(this.choose(next), next);
      mayMove = true;
    }
    if (this.#status !== 'active') {
      for (const id of Object.keys(this.#children)) this.#commands.push({ kind: 'stop', id });
    }
    return { snapshot: this.#present(), commands: this.#commands };
  }

  take({ operations, nodes }: Plan, event: EventObject): void {
    for (const operation of operations) {
      try {
        this.#perform(operation, event);
      } catch (thrown) {
        if (thrown === NOT_COVERED) throw thrown;
        throw operationFailure(this.#table.machine.id, operation, thrown);
      }
    }
    const entry = entryOf(this.#table, nodes);
    if (entry !== this.#entry) this.#snapshot = null;
    this.#entry = entry;
  }

  #chooseEventless(event: EventObject): readonly Transition[] {
    const entry = this.#at();
    return entry.eventless.length === 0 ? NONE : chosenEventless(event, entry, this.#present());
  }

  #perform(operation: Operation, event: EventObject): void {
    switch (operation.kind) {
      case 'assign':
        this.context = this.#assigned(operation, event);
        this.#snapshot = null;
        return;
      case 'invoke': {
        const { id, src, input: given } = operation;
        const input = isExpression(given) ? given(this.#scene(event)) : given;
        this.#children = { ...this.#children, [id]: new ActorRef({ id, src, input }) };
        this.#snapshot = null;
        this.#commands.push({ kind: 'invoke', id, src, input });
        return;
      }
      case 'stop': {
        const { [operation.id]: child, ...others } = this.#children;
        this.#snapshot = null;
        if (child === undefined) return;
        this.#children = others;
        this.#commands.push(operation);
        return;
      }
      case 'raise':
        this.#raise(operation, event);
        return;
      case 'cancel':
        this.#commands.push({ kind: 'cancel-delay', id: operation.id });
        return;
      case 'emit': {
        const emitted = this.#resolve(operation.event, operation.params, event);
        this.#commands.push({ kind: 'emit', event: toEvent(emitted) });
        return;
      }
      case 'complete':
        this.#queue.push(this.#doneEvent(operation, event));
        return;
      case 'end': {
        const { output } = this.#table.machine.root as { readonly output: unknown };
        const done = this.#doneEvent(operation, event);
        this.#output = isExpression(output) ? output(this.#scene(done)) : output;
        this.#status = 'done';
        this.#snapshot = null;
      }
    }
  }

  #assigned({ assignment, params }: Operation & { kind: 'assign' }, event: EventObject): unknown {
    const given = this.#given(params, event);
    const scene = {
      context: this.context,
      event,
      self: this.#self,
      system,
      spawn: refuseSpawn,
    };
    if (isExpression(assignment)) return Object.assign({}, this.context, assignment(scene, given));
    const update = Object.entries(assignment as object).map(([key, member]: [string, unknown]) => [
      key,
      isExpression(member) ? member(scene, given) : member,
    ]);
    return Object.assign({}, this.context, Object.fromEntries(update));
  }

  #raise({ event, id, delay, params }: Operation & { kind: 'raise' }, cause: EventObject): void {
    const raised = this.#resolve(event, params, cause);
    const { machine } = this.#table;
    const { delays } = machine.implementations;
    const named: unknown = typeof delay === 'string' ? delays[delay] : delay;
    const delayMs = this.#resolve(named, params, cause);
    if (delay === undefined) {
      this.#queue.push(raised as EventObject);
      return;
    }
    const name = typeof delay === 'string' ? delay : String(id);
    const givenMs = delayNumber(machine, name, delayMs);
    this.#commands.push({ kind: 'delay', id, delayMs: givenMs, event: toEvent(raised) });
  }

  #doneEvent({ stateId, output }: { stateId: string; output: unknown }, event: EventObject) {
    const resolved = isExpression(output) ? output(this.#scene(event)) : output;
    return { type: `xstate.done.state.${stateId}`, output: resolved };
  }

  #resolve(value: unknown, params: unknown, event: EventObject): unknown {
    return isExpression(value) ? value(this.#scene(event), this.#given(params, event)) : value;
  }

  #given(params: unknown, event: EventObject): unknown {
    return isExpression(params) ? params({ context: this.context, event }) : params;
  }

  #scene(event: EventObject) {
    return { context: this.context, event, self: this.#self, system };
  }

  #at(): Entry {
    if (this.#entry === null) throw NOT_COVERED;
    return this.#entry;
  }

  #present(): AnyMachineSnapshot {
    if (this.#snapshot !== null) return this.#snapshot;
    const { context } = this;
    const [status, output, children] = [this.#status, this.#output, this.#children];
    this.#snapshot = snapshotOf(this.#table, this.#at(), { status, output, context, children });
    return this.#snapshot;
  }
}

function startContext(context: Expression, input: unknown, self: object): unknown {
  return Object.assign({}, context({ spawn: refuseSpawn, input, self }));
}

function isExpression(value: unknown): value is Expression {
  return typeof value === 'function';
}
