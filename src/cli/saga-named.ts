/**
 * The saga that a person names: by its whole id, its key, or as much of either as only one begins
 * with.
 */
import { type BackstepClient, ClientError, type RemoteSaga, type SagaSummary } from '../client.ts';
import { UsageError } from './exit-codes.ts';
import type { Report } from './terminal.ts';

const WHOLE_ID = /^[0-9a-z]{26}$/;
/** As many are named where several match. */
const MAX_NAMED = 5;
/** As many that match are looked through for the one that is meant whole. */
const MAX_LOOKED_AT = 1_000;

/**
 * The saga. Before a change the one that matched is shown. Throws `not-found`, and `UsageError`
 * where several match.
 */
export async function sagaNamed(
  client: BackstepClient,
  name: string,
  report: Report,
  change: 'reads' | 'changes',
): Promise<RemoteSaga> {
  if (WHOLE_ID.test(name)) return client.saga(name);
  const [first, ...others] = await matching(client, name);
  if (first === undefined) {
    throw new ClientError('not-found', `there is no saga whose id or key begins with "${name}"`);
  }
  if (others.length > 0) {
    const all = [first, ...others].slice(0, MAX_NAMED);
    const list = all
      .map(({ id, type, key }) => `${id} (${type} ${key ?? 'without key'})`)
      .join(', ');
    throw new UsageError(`"${name}" is more than one saga: ${list}; give more of the id`);
  }
  if (change === 'changes' && first.id !== name) {
    report.note(
      `"${name}" is saga ${first.id}, ${first.type} ${first.key ?? 'without key'}, ${first.status}`,
    );
  }
  return client.saga(first.id);
}

/** Those that it names whole; else those whose id begins with it, or, where there is none, whose key does. */
async function matching(client: BackstepClient, name: string): Promise<readonly SagaSummary[]> {
  const items: SagaSummary[] = [];
  for await (const item of client.sagas({ q: name })) {
    items.push(item);
    if (items.length === MAX_LOOKED_AT) break;
  }
  const exact = items.filter(({ id, key }) => id === name || key === name);
  if (exact.length > 0) return exact;
  const ofId = items.filter(({ id }) => id.startsWith(name));
  return ofId.length > 0 ? ofId : items.filter(({ key }) => key?.startsWith(name));
}
