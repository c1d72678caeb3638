/**
 * What follows within a turn from a step of a machine: what it sent to itself comes next, in order,
 * before anything from outside, as in a running XState actor; actors that are stepped inside the
 * turn take what was sent to them.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { BackstepError } from '../../errors.ts';
import { keepJson } from '../../json.ts';
import type { Command, SelfSend } from './action-command.ts';
import { wayOfActor } from '../actors/actor-facts.ts';
import { type ActorRef, listen, type SteppedState } from '../actors/actor-ref.ts';
import { createScope } from './actor-scope.ts';
import { machineValue } from '../machine-values.ts';
import { readFields } from '../machine-nodes.ts';
import type { Macrostep, Self } from './macrostep.ts';
import { statePath } from '../state-path.ts';

/** A step of the machine alone, with all that it asks for, in order. */
export interface Step {
  readonly snapshot: AnyMachineSnapshot;
  readonly deferred: readonly (Command | SelfSend)[];
}

type Interpret = (snapshot: AnyMachineSnapshot, self: Self, event: EventObject) => Step;

/** Most events that a machine and its stepped actors may send each other in one turn. */
const MAX_SELF_SENDS = 10_000;

export class OwnTurn {
  readonly #self: Self;
  readonly #interpret: Interpret;
  readonly #commands: Command[] = [];
  readonly #queue: EventObject[] = [];
  #sends = 0;

  constructor(self: Self, interpret: Interpret) {
    this.#self = self;
    this.#interpret = interpret;
  }

  /** Everything that follows from the first step. Throws what the machine's own code throws. */
  run(first: Step): Macrostep {
    let snapshot = this.#carryOut(first);
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      if (snapshot.status !== 'active') break;
      this.#count(snapshot, event);
      snapshot = this.#carryOut(this.#interpret(snapshot, this.#self, event));
    }
    return { snapshot, commands: this.#commands };
  }

  #carryOut({ snapshot, deferred }: Step): AnyMachineSnapshot {
    let present = snapshot;
    const isStepped = (each: Command | SelfSend): boolean =>
      each.kind === 'invoke' && wayOfActor(snapshot.machine, each.src) === 'stepped';
    // Started first: what is sent to an actor that starts in the same step waits for its start.
    for (const each of deferred) {
      if (each.kind !== 'invoke' || !isStepped(each)) continue;
      const ref = refIn(snapshot, each.id);
      if (ref?.state !== undefined) this.#tell(ref, ref.state);
    }
    for (const each of deferred) {
      if (each.kind === 'self-send') this.#queue.push(each.event);
      else if (!isStepped(each)) present = this.#command(present, each);
    }
    return present;
  }

  // A child saga tells of itself once it has begun; of any other actor the first snapshot is known.
  #start(snapshot: AnyMachineSnapshot, command: Command & { kind: 'invoke' }): void {
    const { id, src, input, isSynced = false } = command;
    this.#commands.push(command);
    if (!isSynced || wayOfActor(snapshot.machine, src) === 'child') return;
    const state = { status: 'active', output: undefined, error: undefined, input };
    this.#queue.push(snapshotEvent(id, state));
  }

  #command(snapshot: AnyMachineSnapshot, command: Command): AnyMachineSnapshot {
    const to = command.kind === 'send' && command.to.kind === 'child' ? command.to.id : null;
    const ref = to === null ? undefined : refIn(snapshot, to);
    if (command.kind === 'send' && ref?.state !== undefined) {
      return this.#stepActor(snapshot, ref, command.event);
    }
    if (command.kind === 'invoke') this.#start(snapshot, command);
    else this.#commands.push(command);
    return snapshot;
  }

  #stepActor(snapshot: AnyMachineSnapshot, ref: ActorRef, event: EventObject): AnyMachineSnapshot {
    if (ref.state?.status !== 'active' || snapshot.status !== 'active') return snapshot;
    this.#count(snapshot, event);
    const machine: AnyStateMachine = snapshot.machine;
    const scope = createScope(machine, this.#self, snapshot, event);
    const { self: parent } = scope.xstate;
    const own = { id: ref.id, sessionId: ref.id };
    const self = {
      ...own,
      _parent: parent,
      system: scope.xstate.system,
      send: (next: EventObject) => scope.listener.send(ref, next),
      getSnapshot: () => ref.state,
    };
    let state: SteppedState;
    try {
      const logic = readFields(machine.implementations.actors[ref.src]);
      const given = [ref.state, event, { ...scope.xstate, ...own, self }];
      const next: unknown = listen(
        scope.listener,
        (): unknown => Reflect.apply(logic['transition'] as () => unknown, logic, given) as unknown,
      );
      state = kept(machine, ref.id, next);
    } catch (error) {
      if (error instanceof BackstepError) throw error;
      state = { status: 'error', error: keepJson(error, 'an error', machineValue) };
    }
    const after = ref.in(state);
    const children = { ...(snapshot.children as object), [ref.id]: after };
    const present = { ...snapshot, children } as AnyMachineSnapshot;
    this.#tell(after, state);
    return this.#carryOut({ snapshot: present, deferred: scope.collected() });
  }

  // As a running XState actor tells its parent: of each snapshot where that is asked for, and of
  // its end.
  #tell({ id, isSynced }: ActorRef, state: SteppedState): void {
    const { status, output, error } = state;
    if (status === 'active' && isSynced) this.#queue.push(snapshotEvent(id, state));
    if (status === 'done') this.#queue.push(endOf('done', id, { output }));
    if (status === 'error') this.#queue.push(endOf('error', id, { error }));
  }

  #count({ machine, value }: AnyMachineSnapshot, { type }: EventObject): void {
    this.#sends += 1;
    if (this.#sends <= MAX_SELF_SENDS) return;
    const why =
      `machine "${(machine as AnyStateMachine).id}" sends events to itself without end, ` +
      `the last one "${type}" in "${statePath(value)}"; give the circle a guard that ends it`;
    throw new BackstepError('definition-invalid', why);
  }
}

function refIn(snapshot: AnyMachineSnapshot, id: string): ActorRef | undefined {
  return (snapshot.children as Readonly<Record<string, ActorRef>>)[id];
}

function kept(machine: AnyStateMachine, id: string, state: unknown): SteppedState {
  return keepJson(state as SteppedState, `machine "${machine.id}": actor "${id}"`, machineValue);
}

function snapshotEvent(id: string, snapshot: object): EventObject {
  return eventOf(`xstate.snapshot.${id}`, { snapshot });
}

function endOf(way: 'done' | 'error', id: string, members: object): EventObject {
  return eventOf(`xstate.${way}.actor.${id}`, { ...members, actorId: id });
}

function eventOf(type: string, members: object): EventObject {
  return { type, ...members };
}
