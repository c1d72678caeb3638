/**
 * What a machine holds of an actor that it started: a reference by its id, in place of the live
 * actor that XState would keep in memory.
 *
 * It stands among the children of a snapshot and, where an assign spawned it, in the context. What
 * is sent through it goes out with the turn. Invariant: it reads the same before and after a
 * restart.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../../errors.ts';

/** As XState writes a reference into a persisted context. */
const REFERENCE = 'xstate$$type';
const REFERENCE_KIND = 1;

/** The id by which XState speaks of a machine's parent. */
export const PARENT_ID = '#_parent';

/** The state of an actor that is stepped inside the turns of its machine. */
export interface SteppedState {
  readonly status: string;
  readonly output?: unknown;
  readonly error?: unknown;
}

/** Of an actor that is not the machine's own. */
export interface ActorParts {
  readonly id: string;
  readonly src: string;
  readonly input?: unknown;
  readonly systemId?: string | undefined;
  /** The machine hears of every snapshot of it. */
  readonly isSynced?: boolean | undefined;
  /** Set for one that is stepped inside the turns of its machine. */
  readonly state?: SteppedState | undefined;
}

/** Takes what a machine's own code sends and reads in the middle of a step. */
export interface Listener {
  send(to: ActorRef, event: EventObject): void;
  stateOf(id: string): SteppedState | undefined;
}

// Steps are synchronous, one after the other: a reference reaches the listener of the step under
// way.
let listening: Listener | null = null;

/** Runs a step in which references reach the listener. */
export function listen<T>(listener: Listener, step: () => T): T {
  const before = listening;
  listening = listener;
  try {
    return step();
  } finally {
    listening = before;
  }
}

// An action runs after its turn, an activity beside it: neither reaches an actor of the machine.
function listenerFor(id: string): Listener {
  if (listening !== null) return listening;
  throw new BackstepError(
    'definition-invalid',
    `the actor "${id}" is reached from within a turn of its machine alone; send to it with sendTo, ` +
      'in the drawing',
  );
}

export class ActorRef {
  readonly id: string;
  readonly sessionId: string;
  readonly src: string;
  readonly input: unknown;
  readonly systemId: string | undefined;
  readonly isSynced: boolean;
  readonly state: SteppedState | undefined;

  constructor({ id, src, input, systemId, isSynced = false, state }: ActorParts) {
    this.id = id;
    this.sessionId = id;
    this.src = src;
    this.input = input;
    this.systemId = systemId;
    this.isSynced = isSynced;
    this.state = state;
  }

  get ref(): this {
    return this;
  }

  send(event: EventObject): void {
    listenerFor(this.id).send(this, event);
  }

  /** Of an actor that is stepped inside the turn; any other one is not part of the saga's state. */
  getSnapshot(): SteppedState {
    const state = listenerFor(this.id).stateOf(this.id);
    if (state !== undefined) return state;
    throw new BackstepError(
      'definition-invalid',
      `the snapshot of the actor "${this.id}" is not known within a turn of its machine; ` +
        'let it send an event, or listen with onSnapshot',
    );
  }

  subscribe(): never {
    throw new BackstepError(
      'definition-invalid',
      `the actor "${this.id}" cannot be subscribed to; let it send an event to its parent`,
    );
  }

  /** The same actor in another state. */
  in(state: SteppedState): ActorRef {
    const { id, src, input, systemId, isSynced } = this;
    return new ActorRef({ id, src, input, systemId, isSynced, state });
  }

  toJSON(): object {
    return { [REFERENCE]: REFERENCE_KIND, id: this.id };
  }
}

/** The id of the reference that JSON stands for; `null` for any other object. */
export function referenceInJson(value: object): string | null {
  if (!Object.hasOwn(value, REFERENCE) || Reflect.get(value, REFERENCE) !== REFERENCE_KIND) {
    return null;
  }
  const id: unknown = Reflect.get(value, 'id');
  return typeof id === 'string' ? id : null;
}
