/** Starts of sagas on Restate, by whatever asks for them in this process. */
import { BackstepError } from '../../core/errors.ts';
import { check } from '../../core/options-reader.ts';
import type { SpawnOptions } from '../../host/backstep.ts';
import type { Clock } from '../../host/clock.ts';
import { SAGA_TYPE, SPAWN_OPTIONS } from '../../host/edge-options.ts';
import type { Registry } from '../../host/registry.ts';
import type { StartResult } from '../../host/saga-handle.ts';
import { sagaId } from '../../host/starts/saga-id.ts';
import { parseInput } from '../../host/starts/start-input.ts';
import { startTimeOf } from '../../host/starts/start-time.ts';
import { givenTrace, startTraced, type Tracing } from '../../host/telemetry/tracing.ts';
import { keyedSagaId } from '../keys.ts';
import { doneOf } from '../words.ts';
import type { Ingress } from './ingress.ts';
import type { OwnTurns } from './own-turns.ts';

export interface RestateStartsParts {
  readonly ingress: Ingress;
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly registry: Registry;
  readonly own: OwnTurns;
  readonly tracing?: Tracing;
}

export class RestateStarts {
  readonly #parts: RestateStartsParts;

  constructor(parts: RestateStartsParts) {
    this.#parts = parts;
  }

  /** See `Backstep.spawn`. `ownId`: the id of a start without a key. Default: a new one. */
  async spawn(type: string, options: SpawnOptions, ownId?: string): Promise<StartResult> {
    check(type, SAGA_TYPE, 'spawn, the type', 'input-invalid');
    check(options, SPAWN_OPTIONS, `spawn of "${type}"`, 'input-invalid');
    return startTraced(this.#parts.tracing, type, options, (traced) =>
      this.#start(type, traced, ownId),
    );
  }

  async #start(type: string, options: SpawnOptions, ownId?: string): Promise<StartResult> {
    const { clock, randomId, registry, ingress, own } = this.#parts;
    const nowMs = clock.nowMs();
    const startAtMs = startTimeOf(options, nowMs);
    const key = options.key ?? null;
    // The id is made here and is the same over all tries: a lost answer starts nothing twice.
    const id = key === null ? (ownId ?? sagaId(nowMs, randomId())) : keyedSagaId(type, key);
    const of = givenTrace(options);
    let refusal: unknown = null;
    for (const definition of registry.versionsOf(type)) {
      registry.assertChildren(definition);
      const { version } = definition;
      const asked = await parseInput(definition, options.input);
      const words = { type, version, ...asked, key, startAtMs, ...of, atMs: nowMs };
      try {
        const started = doneOf(await ingress.call(id, 'start', words));
        const saga = { id, ...started };
        if (!started.isRemoved) own.told(saga.id, { seq: 1, status: started.status });
        return saga;
      } catch (error) {
        // Its workers are not deployed yet: those that are have an earlier version, or none.
        if (!(error instanceof BackstepError) || error.code !== 'version-missing') throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }
}
