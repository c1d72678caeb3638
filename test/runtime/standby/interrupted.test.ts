/** A standby whose way to the database is interrupted. */
import { expect, test } from 'vitest';
import { FeedFollower } from '../../../src/runtime/standby/feed-follower.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { notebookSaga } from '../inbox/inbox-fixture.ts';
import { passing, turns, twoEngines } from './two-engines.ts';

test('an answer whose removal failed is removed later, though nobody waits any more', async () => {
  const { clock, owner, standby } = await twoEngines();
  const outside = standby.store.outside.bind(standby.store);
  let calls = 0;
  // The first writes the request, the second removes its answer.
  standby.store.outside = async (statement) => {
    calls += 1;
    if (calls === 2) throw new Error('the connection is gone');
    return await outside(statement);
  };
  const start = standby.backstep.spawn(notebookSaga, { input: { name: 'diary' } });
  expect((await passing(clock, start)).isNew).toBe(true);
  await turns();
  expect(await owner.store.inbox.figures()).toMatchObject({ waiting: 0, answers: 1 });
  clock.advance(1_000);
  await turns();
  expect(await owner.store.inbox.figures()).toMatchObject({ waiting: 0, answers: 0 });
});

test('a feed that cannot begin to follow the owner tries again', async () => {
  const clock = new VirtualClock();
  const { owner, standby } = await twoEngines();
  const fed: number[] = [];
  let isAway = true;
  let begins = -1;
  const follower = new FeedFollower({
    read: {
      lastSeq: () => (isAway ? Promise.reject(new Error('away')) : owner.backstep.read.lastSeq()),
      feedAfter: (...args) => owner.backstep.read.feedAfter(...args),
    },
    store: standby.store,
    clock,
    log: { error: () => {} },
    isWatched: () => false,
    look: () => Promise.resolve(null),
    publish: ({ seq }) => fed.push(seq),
    tell: () => {},
    missed: () => {},
  });
  const following = follower.start((lastSeq) => (begins = lastSeq));
  await turns();
  isAway = false;
  clock.advance(1_000);
  await following;
  expect(begins).toBe(0);
  await owner.backstep.spawn(notebookSaga, { input: { name: 'diary' } });
  await turns();
  expect(fed).toEqual([1]);
  follower.stop();
});
