import { expect, test } from 'vitest';
import { Rounds } from '../../../src/host/upkeep/rounds.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

/** Passes that end when told, with the rest that they ask for. */
function roundsOfHand() {
  const clock = new VirtualClock(0);
  const begun: ((restMs: number) => void)[] = [];
  const rounds = new Rounds(clock, () => new Promise((end) => void begun.push(end)));
  return { clock, begun, rounds };
}

test('a pass begins at once, the next one its rest after its end, and starting twice is once', async () => {
  const { clock, begun, rounds } = roundsOfHand();
  rounds.start();
  rounds.start();
  clock.advance(0);
  expect(begun).toHaveLength(1);
  clock.advance(5_000);
  expect(begun).toHaveLength(1);
  begun[0]?.(60);
  await Promise.resolve();
  clock.advance(59);
  expect(begun).toHaveLength(1);
  clock.advance(1);
  expect(begun).toHaveLength(2);
});

test('a stop waits for the pass under way, and none begins after it', async () => {
  const { clock, begun, rounds } = roundsOfHand();
  rounds.start();
  clock.advance(0);
  let isStopped = false;
  const stopped = rounds.stop().then(() => (isStopped = true));
  await Promise.resolve();
  expect(isStopped).toBe(false);
  begun[0]?.(0);
  await stopped;
  await rounds.stop();
  clock.advance(1_000_000);
  expect(begun).toHaveLength(1);
});

test('a stop within a rest ends it', async () => {
  const { clock, begun, rounds } = roundsOfHand();
  rounds.start();
  clock.advance(0);
  begun[0]?.(60);
  await rounds.stop();
  clock.advance(1_000);
  expect(begun).toHaveLength(1);
});
