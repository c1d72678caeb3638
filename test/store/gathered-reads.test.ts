import { expect, test } from 'vitest';
import { BackstepError } from '../../src/core/errors.ts';
import { gatheredReads } from '../../src/store/queries/gathered-reads.ts';

interface Row {
  readonly sid: number;
}

/** Rows 1 to 200, read when told; notes the keys of each statement. */
function rows() {
  const statements: (readonly number[])[] = [];
  const open: (() => void)[] = [];
  const broken = new Map<number, Error>();
  const get = gatheredReads<number, Row>(
    async (sids) => {
      statements.push(sids);
      await new Promise<void>((resolve) => open.push(resolve));
      for (const sid of sids) {
        const error = broken.get(sid);
        if (error !== undefined) throw error;
      }
      return [...new Set(sids)].filter((sid) => sid <= 200).map((sid) => ({ sid }));
    },
    ({ sid }) => sid,
  );
  const answerAll = async (): Promise<void> => {
    for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
    while (open.length > 0) {
      open.shift()?.();
      await new Promise(setImmediate);
    }
  };
  return { get, statements, broken, answerAll };
}

test('what is asked for while a read is out goes with the next one', async () => {
  const { get, statements, answerAll } = rows();
  const first = get(1);
  await new Promise(setImmediate);
  const others = [2, 3, 4, 900].map((sid) => get(sid));
  await answerAll();
  expect(await first).toEqual({ sid: 1 });
  expect(await Promise.all(others)).toEqual([{ sid: 2 }, { sid: 3 }, { sid: 4 }, null]);
  expect(statements).toEqual([[1], [2, 3, 4, 900]]);
});

test('no statement has more than 64 keys, and their number is a power of two', async () => {
  const { get, statements, answerAll } = rows();
  const sids = Array.from({ length: 100 }, (_, nth) => nth + 1);
  const found = Promise.all(sids.map((sid) => get(sid)));
  await answerAll();
  expect(await found).toEqual(sids.map((sid) => ({ sid })));
  expect(statements.map(({ length }) => length)).toEqual([64, 64]);
});

test('a row that cannot be read fails whoever asked for it, and nobody else', async () => {
  const { get, broken, answerAll } = rows();
  broken.set(2, new Error('damaged'));
  const found = Promise.allSettled([1, 2, 3].map((sid) => get(sid)));
  await answerAll();
  expect((await found).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('a reader that is busy fails all of them at once, and takes the next ones', async () => {
  const { get, statements, broken, answerAll } = rows();
  broken.set(2, new BackstepError('unavailable', 'too slow'));
  const found = Promise.allSettled([1, 2].map((sid) => get(sid)));
  await answerAll();
  expect((await found).every(({ status }) => status === 'rejected')).toBe(true);
  const next = get(3);
  await answerAll();
  expect(await next).toEqual({ sid: 3 });
  expect(statements).toEqual([[1, 2], [3]]);
});
