/** How fast ended sagas are removed, and that those that must stay do not slow it down. */
import { expect, test } from 'vitest';
import { retentionOf } from '../../../src/host/upkeep/retention.ts';
import type { RemovalPlace } from '../../../src/store/queries/removal.ts';
import type { Store } from '../../../src/store/store.ts';
import { createReadOnlyKysely } from '../../../src/store/sqlite/reader/worker-dialect.ts';
import type { EngineTables } from '../../../src/store/schema.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

const LOOK_MS = 60_000;
const silent = { error: () => {}, warn: () => {}, info: () => {} };

/** The removal over sagas of which the first `held` must stay; each look takes `lookMs`. */
function removalOver(held: number, all: number, lookMs: number) {
  const clock = new VirtualClock();
  const kysely = createReadOnlyKysely<EngineTables>({ query: () => Promise.resolve([]) });
  const looks: number[] = [];
  const gone = new Set<number>();
  const removable = (_: number, limit: number, after: RemovalPlace | null = null) => {
    looks.push(after?.sid ?? 0);
    clock.advance(lookMs);
    const sids: number[] = [];
    for (let sid = (after?.sid ?? 0) + 1; sid <= all && sids.length < limit; sid += 1) {
      if (!gone.has(sid)) sids.push(sid);
    }
    const last = sids.length < limit ? undefined : sids.at(-1);
    const next = last === undefined ? null : { endedAtMs: last, sid: last };
    return Promise.resolve({ sids: sids.filter((sid) => sid > held), next });
  };
  const removalHold = () => Promise.resolve({ heldMs: null, newestAtMs: null });
  const upkeep = { removable, removalHold } as unknown as Store['upkeep'];
  const write: Store['write'] = async ([ends]) => {
    for (const sid of ends?.parameters ?? []) if (typeof sid === 'number') gone.add(sid);
    return { kind: 'committed', changes: [] };
  };
  const tables = () => kysely;
  const health = () => ({ kind: 'ready' }) as const;
  retentionOf({ upkeep, write, tables, health }, clock, 1, silent).start();
  const until = async (isSo: () => boolean): Promise<number> => {
    const fromMs = clock.nowMs();
    for (let turns = 0; turns < 50_000 && !isSo(); turns += 1) {
      const next = clock.nextAtMs;
      if (next !== null) clock.advance(next - clock.nowMs());
      await new Promise(setImmediate);
    }
    return clock.nowMs() - fromMs;
  };
  return { clock, looks, gone, until };
}

test('a backlog goes at thousands of sagas a second', async () => {
  const { gone, until } = removalOver(0, 10_000, 10);
  const tookMs = await until(() => gone.size === 10_000);
  expect(gone.size).toBe(10_000);
  expect(tookMs).toBeLessThan(1_500);
});

test('each that must stay is looked at once, until it is time to look at all again', async () => {
  const { looks, gone, until } = removalOver(1_000, 1_400, 500);
  await until(() => gone.size === 400);
  const pass = looks.length;
  expect(new Set(looks).size).toBe(pass);
  // Nine looks of half a second each: all are looked at again after twenty times that.
  const restMs = await until(() => looks.lastIndexOf(0) > 0);
  expect(restMs).toBeGreaterThan(20 * pass * 500 - 2 * LOOK_MS);
  expect(looks.length - pass).toBeLessThan(10);
});
