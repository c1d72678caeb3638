/**
 * The client of a database instead of a server: asks the reading part of the API in this process, so
 * that commands that only read say the same of both.
 */
import { type BackstepClient, createClient } from '../client.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { createRedact, hidesNamed } from '../core/secrets/redact.ts';
import { openStoredLooks } from '../host/stored-looks.ts';
import { storedApi } from '../server/stored-api.ts';
import type { DatabaseRequest } from './database-request.ts';
import { UsageError } from './exit-codes.ts';
import { loadSagas } from './saga-modules.ts';

export interface StoredRequest extends DatabaseRequest {
  /** Modules with the definitions of its sagas. */
  readonly modules: readonly string[];
  /** Names of members to hide beside the default list. */
  readonly hidden: readonly string[];
}

/** Opens it. Throws `UsageError` for a module, and what opening the database throws. */
export async function openStoredClient({ modules, hidden, ...database }: StoredRequest): Promise<{
  readonly client: BackstepClient;
  close(): Promise<void>;
}> {
  const looks = await openStoredLooks(database, await definitionsIn(modules));
  const answer = storedApi(looks, createRedact(hidesNamed(hidden)), Date.now);
  const client = createClient({
    url: 'http://database.invalid',
    fetch: (url, init) => answer(new Request(url, init)),
    retry: { attempts: 1 },
  });
  return { client, close: () => looks.close() };
}

async function definitionsIn(modules: readonly string[]): Promise<readonly SagaDefinition[]> {
  if (modules.length === 0) return [];
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') throw new UsageError(loaded.message);
  return loaded.definitions;
}
