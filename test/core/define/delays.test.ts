/** Delays that are no whole milliseconds: rounded up, or refused with the delay's name. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { raise, setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { toMs, wholeMs } from '../../../src/core/duration.ts';
import { delayAfterMs, exponential } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { begin } from '../../../src/core/turn/turn.ts';

const alarm = (soon: unknown) =>
  setup({ delays: { soon: soon as number } }).createMachine({
    id: 'alarm',
    initial: 'set',
    states: { set: { after: { soon: 'rung' } }, rung: { type: 'final' } },
  });

const dueMs = (soon: unknown) =>
  Object.values(begin(durable(alarm(soon)), 'saga-1', null, 1_000).state.live.timers)[0]?.dueMs;

describe('a named delay', () => {
  test.each([
    [150.7, 1_151],
    [0.2, 1_001],
    [0, 1_000],
    [20, 1_020],
  ])('of %d ms is armed in whole milliseconds, fixed or worked out', (soon, expected) => {
    expect(dueMs(soon)).toBe(expected);
    expect(dueMs(() => soon)).toBe(expected);
  });

  const wrong = [NaN, -1, Infinity, 1e300, '5s', null, true, {}, 5n];

  test.each(wrong)('of %s is refused when the machine is made durable', (soon) => {
    expect(() => durable(alarm(soon))).toThrow(
      /^saga "alarm", state "alarm.set": delay "soon" gives .*; give milliseconds/,
    );
  });

  test.each([...wrong, undefined, Promise.resolve(5)])(
    'that works out as %s is refused in its turn',
    (soon) => {
      const machine = durable(alarm(() => soon));
      expect(() => begin(machine, 'saga-1', null, 0)).toThrow(
        /^saga "alarm", state "alarm.set": delay "soon" gives /,
      );
    },
  );

  test('that throws is named', () => {
    const throwing = durable(alarm(({ context }: { context: never }) => context['a']['b']));
    expect(() => begin(throwing, 'saga-1', null, 0)).toThrow(
      'saga "alarm", state "alarm.set": delay "soon" throws: Cannot read properties of undefined',
    );
  });
});

test.each([NaN, -1, '5s', 1.5])('a raise with the delay %s is treated alike', (delay) => {
  const machine = setup({
    actions: { later: raise({ type: 'x' }, { delay: () => delay as number, id: 'x' }) },
  }).createMachine({ id: 'alarm', entry: 'later' });
  const start = () => begin(durable(machine), 'saga-1', null, 0);
  if (delay === 1.5) expect(start().state.live.timers['x']?.dueMs).toBe(2);
  else expect(start).toThrow(/saga "alarm": delay "x" gives/);
});

type Any = Record<string, (input: object) => object>;

describe('a duration of the builder', () => {
  test.each([
    ['1.5s', 1_500],
    ['0.5ms', 1],
    [100.7, 101],
    ['1.1h', 3_960_000],
    ['365.1d', 31_544_640_000],
    [0, 0],
  ] as const)('%s is %d ms', (duration, ms) => {
    expect(toMs(duration, 'x')).toBe(ms);
  });

  test('may be a fraction wherever one is taken', () => {
    const input = () => ({});
    const saga = defineSaga({
      id: 's',
      input: z.object({}),
      activities: {} as Any,
      deadline: '1.5s',
    })
      .step('a', {
        input,
        timeout: 100.7,
        heartbeat: 0.3,
        retry: exponential({ first: '0.5ms', factor: 1.3, max: '1.7ms', total: '2.2s' }),
        compensate: { activity: 'ua', input },
      })
      .wait('w', { on: { ok: 'continue' }, within: '0.5d' })
      .build();
    const { state } = begin(saga, 'saga-1', {}, 0);
    for (const { dueMs: due, delayMs } of Object.values(state.live.timers)) {
      expect(Number.isInteger(due ?? delayMs)).toBe(true);
    }
  });

  test('keeps every whole number', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1, 1_000, 60_000), (count, unit) => {
        expect(wholeMs(count * unit)).toBe(count * unit);
      }),
    );
  });
});

test('a retry delay that starts at nothing stays there, however large its factor', () => {
  const policy = exponential({ first: 0, factor: 1e300, attempts: 1_000, jitter: 'none' });
  expect(delayAfterMs(policy, 900, 'key')).toBe(0);
});
