/** The checks of the soak are tested too: every planted lie must be found. */
import { expect, test } from 'vitest';
import { deathsBeside } from './soak-faults.ts';
import { FeedOrder, type FeedMessage } from './soak-feeds.ts';

function line(place: number, saga: string, seq: number): FeedMessage {
  return { kind: 'transition', cursor: `epoch000.${place}`, saga, seq };
}

const TRUE_FEED = [line(1, 'a', 1), line(2, 'b', 1), line(3, 'a', 2), line(4, 'b', 2)];
const SENT_BACK = { kind: 'resync', cursor: 'epoch000.4', reason: 'slow' };

function faultsIn(feed: readonly FeedMessage[]): readonly string[] {
  const order = new FeedOrder();
  for (const message of feed) order.take(message);
  return order.faults;
}

test('a feed that is whole has no faults, also when its client was sent back', () => {
  expect(faultsIn([...TRUE_FEED, SENT_BACK, line(5, 'a', 3)])).toEqual([]);
});

test.each<readonly [what: string, feed: readonly FeedMessage[]]>([
  ['a line is missing', TRUE_FEED.toSpliced(2, 1, line(3, 'a', 3))],
  ['the first line of a saga is missing', TRUE_FEED.toSpliced(1, 1)],
  ['a line comes twice', [...TRUE_FEED, line(4, 'b', 2)]],
  ['two lines are swapped', TRUE_FEED.with(0, line(2, 'b', 1)).with(1, line(1, 'a', 1))],
  ['a client is sent back to another place', [...TRUE_FEED, { ...SENT_BACK, cursor: 'x.3' }]],
  ['the database is an older one', [...TRUE_FEED, { ...SENT_BACK, reason: 'restored' }]],
])('it is noticed when %s', (_what, feed) => {
  expect(faultsIn(feed)).not.toEqual([]);
});

const KILLED = 'backstep: the server ended with SIGKILL; restart 1 of 5 within 60 s, in 100 ms';
const OUT_OF_HEAP = KILLED.replace('SIGKILL', 'SIGABRT');

test('a death is told unless it was ordered', () => {
  expect(deathsBeside(1, ['{"level":30}', KILLED])).toEqual([]);
  expect(deathsBeside(1, [KILLED, OUT_OF_HEAP])).toEqual([OUT_OF_HEAP]);
  expect(deathsBeside(1, [KILLED, KILLED])).toEqual(['2 programs were killed, 1 of them here']);
  expect(deathsBeside(1, [])).toHaveLength(1);
});
