/**
 * Looks at the sagas of a database from outside, under the definitions that are known: nothing runs,
 * nothing is written.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import { BackstepError } from '../core/errors.ts';
import { failureOfText } from '../core/failure.ts';
import { decodeState } from '../core/history/codec.ts';
import type { SagaState } from '../core/state.ts';
import { openStoredReads } from '../store/stored-reads.ts';
import type { StoredDatabase } from '../store/stored-sagas.ts';
import { asRowSays } from './versions/version-standing.ts';
import type { ReadModels } from '../store/read-models.ts';

/** An open database, looked at. */
export interface StoredLooks {
  readonly read: ReadModels;
  readonly definitions: readonly SagaDefinition[];
  /**
   * The saga's state; `null`: there is none. Throws `version-missing` where its definition is not
   * known, `state-unreadable`.
   */
  state(id: string): Promise<SagaState | null>;
  close(): Promise<void>;
}

/** Opens it. Throws as `openStoredSagas` does. */
export async function openStoredLooks(
  database: StoredDatabase,
  definitions: readonly SagaDefinition[],
): Promise<StoredLooks> {
  const { read, loads, close } = await openStoredReads(database);
  return {
    read,
    definitions,
    close,
    async state(id) {
      const sid = await loads.sidOf(id);
      const stored = sid === null ? null : await loads.loadBySid(sid);
      if (stored === null) return null;
      const { type, version, state, format } = stored;
      const definition = definitions.find((each) => each.id === type && each.version === version);
      if (definition !== undefined) {
        const error = (await read.saga(id))?.error ?? null;
        const failure = error === null ? null : failureOfText(error);
        return asRowSays(decodeState(definition, id, state, format), stored, failure);
      }
      const what = `the definition of ${type}, version ${version}, is not known here`;
      throw new BackstepError('version-missing', `${what}; name its module with --module`);
    },
  };
}
