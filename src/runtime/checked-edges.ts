/**
 * The engine as the program around it holds it: what it is given is looked at before the engine
 * sees it. The engine itself, and sagas among themselves, need no such look.
 */
import { check, FUNCTION, type Kind } from '../core/options-reader.ts';
import { takeJson } from '../core/json.ts';
import type { Backstep } from './backstep.ts';
import {
  BINDINGS,
  COMMAND,
  EVENT,
  REGISTERED,
  SAGA_ID,
  SEND_OPTIONS,
  VERSION,
  WAIT_MS,
} from './edge-options.ts';

/** The same engine, which throws `input-invalid` or `definition-invalid` for what it cannot take. */
export function checkedEdges(engine: Backstep): Backstep {
  return {
    register: (definition, ...given) => {
      const [bindings = {}] = given;
      check(definition, REGISTERED, 'register', 'definition-invalid');
      check(bindings, BINDINGS, `register of "${definition.id}"`, 'definition-invalid');
      engine.register(definition, ...given);
    },
    start: () => engine.start(),
    // `spawn` checks its options itself: one more promise here would slow every start.
    spawn: (type, options) => engine.spawn(type, options),
    send: async (id, event, options) => {
      take(id, SAGA_ID, 'send, the saga id');
      take(event, EVENT, `saga ${id}, send`);
      if (options !== undefined) take(options, SEND_OPTIONS, `saga ${id}, options of send`);
      return engine.send(id, takeJson(event, 'event'), options);
    },
    command: async (id, command, expectedVersion) => {
      take(id, SAGA_ID, 'command, the saga id');
      take(command, COMMAND, `saga ${id}, command`);
      if (expectedVersion !== undefined) take(expectedVersion, VERSION, 'command, the version');
      return engine.command(id, takeJson(command, 'command'), expectedVersion);
    },
    state: async (id) => {
      take(id, SAGA_ID, 'state, the saga id');
      return engine.state(id);
    },
    settled: async (id, timeoutMs) => {
      take(id, SAGA_ID, 'settled, the saga id');
      take(timeoutMs, WAIT_MS, 'settled, the time-out');
      return engine.settled(id, timeoutMs);
    },
    subscribe: (listener) => {
      take(listener, FUNCTION, 'subscribe');
      return engine.subscribe(listener);
    },
    stop: async (drainMs) => {
      if (drainMs !== undefined) take(drainMs, WAIT_MS, 'stop, the time to drain');
      return engine.stop(drainMs);
    },
    legalCommands: engine.legalCommands,
    startQueue: (type) => engine.startQueue(type),
    definitions: () => engine.definitions(),
    redact: engine.redact,
    read: engine.read,
    store: engine.store,
    retention: engine.retention,
    figures: () => engine.figures(),
    liveActors: (limit) => engine.liveActors(limit),
    health: () => engine.health(),
  };
}

function take(value: unknown, kind: Kind, at: string): void {
  check(value, kind, at, 'input-invalid');
}
