/**
 * A process that owns a store, for tests that kill it: `node store-process.ts <path>`, then `busy`
 * or `idle`, then how many characters each state has.
 *
 * It prints `open`, then `<sid>:<seq>` for each commit that was acknowledged, and `stalled` when
 * the store is. It commits in many sagas at once until it is killed or told `stop` on its input.
 */
import { once } from 'node:events';
import { openStore } from '../../../src/store/sqlite/open-store.ts';
import { startOf, turnOf } from '../saga-commits.ts';

const CONCURRENCY = 8;
const TURNS = 5;

const [path = '', mode, stateChars] = process.argv.slice(2);
const state = JSON.stringify({ steps: [], text: 'x'.repeat(Number(stateChars ?? 0)) });
const store = await openStore({ path, lockWaitMs: 0 });
store.onHealth((health) => console.log(health.kind));
console.log('open');

const stopping = new AbortController();
let { lastSid: sid } = await store.own();
const work = mode === 'idle' ? [] : Array.from({ length: CONCURRENCY }, runSagas);
await once(process.stdin, 'data');
stopping.abort();
await Promise.all(work);
await store.close();
process.exit();

async function runSagas(): Promise<void> {
  while (!stopping.signal.aborted) {
    sid += 1;
    const own = sid;
    for (let seq = 1; seq <= TURNS; seq += 1) {
      const changes = { saga: { state } };
      await store.commit(seq === 1 ? startOf(own, changes) : turnOf(own, seq, changes));
      console.log(`${own}:${seq}`);
    }
  }
}
