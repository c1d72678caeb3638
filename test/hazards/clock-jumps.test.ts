/** A wall clock that jumps while the timers of the process go on, or stop with the machine. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/host/clock.ts';
import { WakeTimers } from '../../src/runtime/outside/wake-timers.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;
const SAGAS = 200;

let machine: VirtualClock;
let jumpedMs: number;
let woken: number[];
let timers: WakeTimers;

beforeEach(() => {
  machine = new VirtualClock();
  jumpedMs = 0;
  woken = [];
  // The wall clock can jump; how long a timer takes is counted by the machine.
  const clock: Clock = {
    nowMs: () => machine.nowMs() + jumpedMs,
    after: (delayMs, run) => machine.after(delayMs, run),
  };
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
  timers.start(machine.nowMs() + 10 * HOUR_MS);
});

describe('a saga that waits for a time', () => {
  test('is woken within a second after a sleep of the machine past its due time', () => {
    timers.set(1, machine.nowMs() + HOUR_MS, true);
    machine.advance(SECOND_MS);
    jumpedMs = 2 * HOUR_MS; // no timer of the machine ran meanwhile
    machine.advance(SECOND_MS);
    expect(woken).toEqual([1]);
    machine.advance(3 * HOUR_MS);
    expect(woken).toEqual([1]);
  });

  test('waits longer when the clock is set back, and is woken once', () => {
    timers.set(1, machine.nowMs() + 60 * SECOND_MS, true);
    machine.advance(30 * SECOND_MS);
    jumpedMs = -HOUR_MS;
    machine.advance(HOUR_MS);
    expect(woken).toEqual([]);
    machine.advance(30 * SECOND_MS);
    expect(woken).toEqual([1]);
  });
});

test('a clock set forward a day wakes all that are due, each once, and none that is not', () => {
  const startMs = machine.nowMs();
  for (let sid = 1; sid <= SAGAS; sid += 1) timers.set(sid, startMs + sid * 60 * SECOND_MS, true);
  timers.set(SAGAS + 1, startMs + 48 * HOUR_MS, true);
  jumpedMs = 24 * HOUR_MS;
  machine.advance(SECOND_MS);
  expect(woken).toEqual(Array.from({ length: SAGAS }, (_, index) => index + 1));
  machine.advance(HOUR_MS);
  expect(woken).toHaveLength(SAGAS);
});
