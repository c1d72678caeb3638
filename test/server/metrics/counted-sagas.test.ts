/** What counting many sagas reads, and that it comes to the right numbers. */
import { expect, it } from 'vitest';
import { isEnded, type SagaStatus } from '../../../src/core/status.ts';
import { sagaCounterOf } from '../../../src/server/metrics/counted-sagas.ts';

const MANY = 200_000;

/** Sagas by number, and how many of them each look has gone through. */
function kept(
  sagas: Map<number, SagaStatus>,
  last: () => number,
  /** When some of them ended; all others at 0. */
  ends: ReadonlyMap<number, number> = new Map(),
) {
  const reads: number[] = [];
  const countOf = (statuses: Iterable<SagaStatus>) => {
    const counts = new Map<SagaStatus, number>();
    for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
    return [...counts].map(([status, count]) => ({ status, count }));
  };
  const look = sagaCounterOf({
    notEnded: async () => countOf([...sagas.values()].filter((status) => !isEnded(status))),
    lastSid: async () => last(),
    lastEndMs: async () => Math.max(0, ...ends.values()),
    async rangesEndedSince(sinceMs, size) {
      const lately = [...ends].filter(([, atMs]) => atMs >= sinceMs);
      return [...new Set(lately.map(([sid]) => Math.floor((sid - 1) / size)))];
    },
    async endedWithin({ afterSid, untilSid }) {
      reads.push(untilSid - afterSid);
      const found: SagaStatus[] = [];
      for (let sid = afterSid + 1; sid <= untilSid; sid += 1) {
        const status = sagas.get(sid);
        if (status !== undefined && isEnded(status)) found.push(status);
      }
      return countOf(found);
    },
  });
  return { look, taken: () => reads.splice(0) };
}

it('goes through all of them once, in short reads, then through few ranges at each look', async () => {
  const sagas = new Map<number, SagaStatus>();
  for (let sid = 1; sid <= MANY; sid += 1)
    sagas.set(sid, sid % 10 === 0 ? 'compensated' : 'completed');
  sagas.set(7, 'waiting').set(MANY, 'failed');
  let last = MANY;
  const ends = new Map<number, number>();
  const { look, taken } = kept(sagas, () => last, ends);
  expect(await look()).toMatchObject({
    completed: 179_999,
    compensated: 19_999,
    waiting: 1,
    failed: 1,
  });
  const first = taken();
  expect(first).toHaveLength(20);
  expect(Math.max(...first)).toBe(10_000);
  for (let started = 1; started <= 3; started += 1) {
    last += 1;
    sagas.set(last, 'completed'); // a new saga, in a range of its own at first
    ends.set(last, 1_000_000 * started);
    expect((await look()).completed).toBe(179_999 + started);
    expect(taken().length).toBeLessThanOrEqual(3);
  }
  // What ends late shows at once, however old it is, also where it is committed late.
  sagas.set(7, 'completed').set(MANY, 'completed');
  ends.set(7, 3_000_000).set(MANY, 2_999_000);
  expect(await look()).toMatchObject({ completed: 180_004, waiting: 0, failed: 0 });
  expect(taken().length).toBeLessThanOrEqual(5);
  // What is removed shows once its range has its turn.
  sagas.delete(11);
  let looks = 0;
  for (; (await look()).completed !== 180_003; looks += 1) expect(looks).toBeLessThan(21);
  expect(Math.max(...taken())).toBe(10_000);
});

it('counts none where there is none, and forgets what a restored copy has no more', async () => {
  const sagas = new Map<number, SagaStatus>();
  let last = 0;
  const { look } = kept(sagas, () => last);
  expect(Object.values(await look()).every((count) => count === 0)).toBe(true);
  for (let sid = 1; sid <= 25_000; sid += 1) sagas.set(sid, 'completed');
  last = 25_000;
  expect((await look()).completed).toBe(25_000);
  for (let sid = 5_001; sid <= 25_000; sid += 1) sagas.delete(sid);
  last = 5_000;
  expect((await look()).completed).toBe(5_000);
});

it('tells whoever asks during a look what the next one finds', async () => {
  const sagas = new Map<number, SagaStatus>([[1, 'completed']]);
  const { look } = kept(sagas, () => sagas.size);
  const first = look();
  sagas.set(2, 'completed');
  const [second, third] = [look(), look()];
  expect(second).toBe(third);
  expect(second).not.toBe(first);
  await first;
  expect((await second).completed).toBe(2);
});
