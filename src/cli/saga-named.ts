/**
 * The saga that a person names: by its whole id, its key, or as much of either as only one begins
 * with.
 */
import { type BackstepClient, ClientError, type RemoteSaga } from '../client.ts';
import { UsageError } from './exit-codes.ts';
import type { Report } from './terminal.ts';

const WHOLE_ID = /^[0-9a-z]{26}$/;
/** As many are named where several match. */
const MAX_NAMED = 5;

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
  const { items } = await client.sagas({ q: name }).page({ limit: MAX_NAMED + 1 });
  const ofId = items.filter(({ id }) => id.startsWith(name));
  const named = ofId.length > 0 ? ofId : items.filter(({ key }) => key?.startsWith(name));
  const exact = named.filter(({ id, key }) => id === name || key === name);
  const [first, ...others] = exact.length > 0 ? exact : named;
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
