/**
 * A process that wants to own a database, and writes turns as fast as it can once it does.
 *
 * Says on its channel what becomes of it: `standby`, `owned`, each turn that was acknowledged,
 * `failed`. Ends after `failed`, with its parent, or when it is told to stop.
 */
import { turnOf, startOf } from '../store/saga-commits.ts';
import { openPostgresStoreHere } from './writer-store.ts';

/** What such a process says. */
export type OwnerSays =
  | { readonly kind: 'standby' | 'owned' | 'stopped' }
  | { readonly kind: 'acknowledged'; readonly sid: number; readonly seq: number }
  | { readonly kind: 'failed'; readonly reason: string };

const LANES = 8;

const [url = '', timings = '{}', firstSid = '1'] = process.argv.slice(2);
const say = (message: OwnerSays): void => void process.send?.(message);

if (process.send !== undefined) await main().catch((error: unknown) => fail(String(error)));

function fail(reason: string): void {
  process.send?.({ kind: 'failed', reason }, () => process.exit(1));
}

async function main(): Promise<void> {
  const store = openPostgresStoreHere(url, { timings: JSON.parse(timings) as object });
  const stopping = new AbortController();
  process.on('message', () => stopping.abort());
  process.on('disconnect', () => process.exit());
  store.onHealth((health) => {
    if (health.kind === 'standby') say({ kind: 'standby' });
    if (health.kind === 'failed') fail(health.reason);
  });
  await store.own();
  say({ kind: 'owned' });
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const sid = Number(firstSid) + lane;
    for (let seq = 1; !stopping.signal.aborted; seq += 1) {
      const commit = seq === 1 ? startOf(sid) : turnOf(sid, seq);
      const outcome = await store.commit(commit);
      if (outcome.kind !== 'committed') return fail(`wrong outcome: ${JSON.stringify(outcome)}`);
      say({ kind: 'acknowledged', sid, seq });
    }
  });
  await Promise.all(lanes).catch(() => {}); // told by the health
  await store.close(true);
  say({ kind: 'stopped' });
  process.disconnect();
}
