/**
 * The engine as the program around it holds it: what it is given is looked at before the engine
 * sees it, and sagas come as handles. The engine itself, and sagas among themselves, need neither.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { toMs } from '../core/duration.ts';
import { check, FUNCTION, type Kind } from '../core/options-reader.ts';
import type { Backstep, SpawnOptions } from './backstep.ts';
import { type HandleCalls, handleOf, spawnedOf } from './checked-handle.ts';
import { BINDINGS, REGISTERED, SAGA_ID, WAIT_OPTIONS } from './edge-options.ts';
import type { StartResult } from './saga-handle.ts';

/** A host without its edges. */
export interface UncheckedEngine extends Omit<Backstep, 'spawn' | 'saga' | 'stop'> {
  spawn(type: string, options: SpawnOptions): Promise<StartResult>;
  readonly sagas: HandleCalls;
  stop(drainMs: number): Promise<void>;
}

/** How long a stop waits for running activities unless told. */
const DEFAULT_DRAIN = '10s';

/** The same engine, which throws `input-invalid` or `definition-invalid` for what it cannot take. */
export function checkedEdges(engine: UncheckedEngine): Backstep {
  const { sagas } = engine;
  // Both give handles without types; the overloads of `Backstep` say which types a caller sees.
  const spawn = async (saga: string | SagaDefinition, options: SpawnOptions) =>
    spawnedOf(sagas, await engine.spawn(typeOf(saga), options));
  const saga = (given: string | SagaDefinition, id?: string) =>
    id === undefined && (given === null || typeof given !== 'object')
      ? handleOf(sagas, checkedId(given), null)
      : handleOf(sagas, checkedId(id), typeOf(given));
  let starting: Promise<void> | null = null;
  return {
    register: (definition, ...given) => {
      const [bindings = {}] = given;
      check(definition, REGISTERED, 'register', 'definition-invalid');
      check(bindings, BINDINGS, `register of "${definition.id}"`, 'definition-invalid');
      engine.register(definition, ...given);
    },
    // A start that failed may be tried again.
    start: () =>
      (starting ??= engine.start().catch((error: unknown) => {
        starting = null;
        throw error;
      })),
    spawn,
    saga,
    subscribe: (listener) => {
      take(listener, FUNCTION, 'subscribe');
      return engine.subscribe(listener);
    },
    stop: async (options = {}) => {
      take(options, WAIT_OPTIONS, 'stop');
      starting = null;
      return engine.stop(toMs(options.within ?? DEFAULT_DRAIN, 'within'));
    },
    legalCommands: engine.legalCommands,
    startQueue: (type) => engine.startQueue(type),
    definitions: () => engine.definitions(),
    capabilities: engine.capabilities,
    calls: engine.calls,
    redact: engine.redact,
    read: engine.read,
    store: engine.store,
    retention: engine.retention,
    bulk: engine.bulk,
    alerts: engine.alerts,
    atOwner: (name, run) => engine.atOwner(name, run),
    figures: () => engine.figures(),
    liveActors: (limit) => engine.liveActors(limit),
    health: () => engine.health(),
  };
}

function checkedId(id: unknown): string {
  take(id, SAGA_ID, 'saga, the id');
  return String(id);
}

// A name is not checked here: the starter looks it up, and throws `not-found`.
function typeOf(saga: string | SagaDefinition): string {
  if (saga === null || typeof saga !== 'object') return saga;
  check(saga, REGISTERED, 'the saga that was given', 'input-invalid');
  return saga.id;
}

function take(value: unknown, kind: Kind, at: string): void {
  check(value, kind, at, 'input-invalid');
}
