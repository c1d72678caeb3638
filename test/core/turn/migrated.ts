/** A saga that migrations take to another definition, without an engine. */
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { encodeState, parseStored } from '../../../src/core/history/codec.ts';
import { type Migration, migrationOf, migrationTurn } from '../../../src/core/history/migration.ts';
import { SagaDriver } from './saga-driver.ts';

/** The saga as it goes on after the migrations. */
export function migrated(
  saga: SagaDriver,
  definition: SagaDefinition,
  ...steps: readonly Migration[]
): SagaDriver {
  const { state, nowMs } = saga;
  const parts = parseStored(state.id, encodeState(state));
  const stored = { id: state.id, seq: state.seq, parts };
  const inbound = migrationOf({ from: 1, definition, steps }, stored, nowMs);
  const next = new SagaDriver(definition, null);
  next.nowMs = nowMs;
  next.state = migrationTurn(definition, state.id, inbound, nowMs).state;
  return next;
}

/** Why they do not; `null`: they do. */
export const refusalOf = (
  saga: SagaDriver,
  definition: SagaDefinition,
  ...steps: readonly Migration[]
) => {
  try {
    migrated(saga, definition, ...steps);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^it cannot be taken .*?: /, '') : null;
  }
};
