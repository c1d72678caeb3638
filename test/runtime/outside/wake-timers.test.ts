/** Who is woken when more sagas are due at one moment than may be under way. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_HELD_MS, MAX_WOKEN, WakeTimers } from '../../../src/runtime/outside/wake-timers.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

const SAGAS = 3 * MAX_WOKEN;
const DUE_MS = 1_000;

let clock: VirtualClock;
let woken: number[];
let timers: WakeTimers;

beforeEach(() => {
  clock = new VirtualClock();
  woken = [];
  timers = new WakeTimers(
    clock,
    { wakes: () => Promise.resolve([]) },
    {
      wake: (sid) => void woken.push(sid),
      onError: (error) => {
        throw error;
      },
    },
  );
  timers.start(clock.nowMs() + 60_000);
  const dueMs = clock.nowMs() + DUE_MS;
  for (let sid = 1; sid <= SAGAS; sid += 1) timers.set(sid, dueMs + sid / SAGAS, false);
  clock.advance(DUE_MS + 2);
});

const upTo = (last: number): number[] => Array.from({ length: last }, (_, nth) => nth + 1);

describe('of many sagas that are due at once it wakes', () => {
  test('a bounded number of them, those that are due first', () => {
    expect(woken).toEqual(upTo(MAX_WOKEN));
    clock.advance(MAX_HELD_MS / 2);
    expect(woken).toEqual(upTo(MAX_WOKEN));
  });

  test('the next ones while those before stand still, each of them once', () => {
    clock.advance(2 * MAX_HELD_MS);
    expect(woken).toEqual(upTo(SAGAS));
    for (let sid = 1; sid <= SAGAS; sid += 1) timers.moved(sid);
    clock.advance(2 * MAX_HELD_MS);
    expect(woken).toEqual(upTo(SAGAS));
  });

  test('the next ones as the others have moved, however each does', () => {
    for (let sid = 1; sid < SAGAS; sid += 1) {
      expect(woken).toContain(sid);
      if (sid % 2 === 0) timers.set(sid, null, false);
      else timers.moved(sid);
    }
    expect(woken).toEqual(upTo(SAGAS));
  });

  test('a saga that is due again behind all that are due before it', () => {
    timers.set(1, clock.nowMs(), false);
    for (let sid = 2; sid <= SAGAS; sid += 1) timers.moved(sid);
    expect(woken).toEqual([...upTo(SAGAS), 1]);
  });
});
