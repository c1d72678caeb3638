import { setImmediate as later } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eachAtOnce, eachOf } from '../../../src/host/moves/each-at-once.ts';

it('works on so many at once, in their order, and takes the next when one is done', async () => {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const all = eachAtOnce([1, 2, 3, 4], 2, (item) => {
    begun.push(item);
    return new Promise((resolve) => ends.set(item, resolve));
  });
  await later();
  expect(begun).toEqual([1, 2]);
  ends.get(2)?.();
  await later();
  expect(begun).toEqual([1, 2, 3]);
  for (const item of [1, 3, 4]) {
    ends.get(item)?.();
    await later();
  }
  await all;
});

it('tells the first error once nothing is under way, and leaves none unheard', async () => {
  let underWay = 0;
  const taken: number[] = [];
  // Each is read a turn of the loop later, as the lines of a file are: what fails meanwhile must
  // have somebody that hears of it, or it ends the process.
  async function* read() {
    for (let item = 1; item <= 9; item += 1) {
      await later();
      yield item;
    }
  }
  const all = eachAtOnce(read(), 3, async (item) => {
    taken.push(item);
    if (item === 2) throw new Error('the second fails');
    underWay += 1;
    for (let turns = 0; turns < 5; turns += 1) await later();
    underWay -= 1;
    throw new Error('so do others, later');
  });
  await expect(all).rejects.toThrow('the second fails');
  expect(underWay).toBe(0);
  expect(taken.length).toBeLessThan(9);
});

it('throws what reading throws, once the rest is done', async () => {
  let done = 0;
  async function* read() {
    yield 1;
    await later();
    throw new Error('the file ends too soon');
  }
  const all = eachAtOnce(read(), 2, async () => {
    for (let turns = 0; turns < 5; turns += 1) await later();
    done += 1;
  });
  await expect(all).rejects.toThrow('too soon');
  expect(done).toBe(1);
});

it('tells how many of a list are done', async () => {
  const told: number[] = [];
  await eachOf(
    ['a', 'b', 'c'],
    2,
    (done) => told.push(done),
    () => later(),
  );
  expect(told).toEqual([0, 1, 2, 3]);
});
