/** Timers that lead to one another at once do not fill the disk; honest ones fire when they are due. */
import { afterEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import {
  FAST_TIMER_PACE_MS,
  MAX_FAST_TIMERS,
  TimerPace,
} from '../../../src/runtime/actor/timer-pace.ts';
import { EngineHarness } from '../engine-harness.ts';

const SID = 1;
const OTHER = 2;

/** Counts by a timer that starts itself again. */
function counter(delayMs: number) {
  const machine = setup({
    types: { context: {} as { readonly count: number } },
    delays: { again: delayMs },
    actions: { up: assign({ count: ({ context }) => context.count + 1 }) },
  }).createMachine({
    id: 'counter',
    context: { count: 0 },
    initial: 'on',
    states: {
      on: { after: { again: { target: 'on', reenter: true, actions: 'up' } } },
    },
  });
  return durable<Record<never, never>>(machine);
}

let engine: EngineHarness<Record<never, never>> | null = null;
afterEach(() => engine?.dispose());

async function fired(here: EngineHarness<Record<never, never>>, seq: number): Promise<void> {
  await here.seen(({ sagaSeq, cause }) => cause === 'timer' && sagaSeq === seq);
}

test('a saga whose timer is due at once is slowed down after a while, and goes on', async () => {
  const here = new EngineHarness(counter(0));
  engine = here;
  const backstep = await here.open({});
  const { id } = await backstep.spawn('counter', { input: null });
  for (let turn = 1; turn <= MAX_FAST_TIMERS + 1; turn++) {
    here.clock.advance(0);
    await fired(here, turn + 1);
  }
  const before = (await backstep.saga(id).state())?.seq ?? 0;
  here.clock.advance(FAST_TIMER_PACE_MS - 1);
  expect((await backstep.saga(id).state())?.seq).toBe(before);
  for (let turn = 1; turn <= 3; turn++) {
    here.clock.advance(turn === 1 ? 1 : FAST_TIMER_PACE_MS);
    await fired(here, before + turn);
  }
});

describe('the pace of timers', () => {
  const fastTurns = (pace: TimerPace, count: number): void => {
    for (let turn = 0; turn < count; turn++) pace.wakeAtMs(SID, 5, 5, 'timer');
  };

  test.each([
    ['anything else has come in between', 5, 'result'],
    ['the next one is a while off', 5 + FAST_TIMER_PACE_MS, 'timer'],
    ['no timer is armed any more', null, 'timer'],
  ])('counts anew when %s', (_, dueMs, cause) => {
    const pace = new TimerPace();
    fastTurns(pace, MAX_FAST_TIMERS);
    expect(pace.wakeAtMs(SID, dueMs, 5, cause)).toBe(dueMs);
    expect(pace.wakeAtMs(SID, 5, 5, 'timer')).toBe(5);
  });

  test('is of each saga alone', () => {
    const pace = new TimerPace();
    fastTurns(pace, MAX_FAST_TIMERS);
    expect(pace.wakeAtMs(OTHER, 5, 5, 'timer')).toBe(5);
    expect(pace.wakeAtMs(SID, 5, 5, 'timer')).toBe(5 + FAST_TIMER_PACE_MS);
  });

  test('never slows down one that fires ten times a second', () => {
    const pace = new TimerPace();
    for (let nowMs = 0; nowMs < 100_000; nowMs += 100) {
      expect(pace.wakeAtMs(SID, nowMs + 100, nowMs, 'timer')).toBe(nowMs + 100);
    }
  });
});
