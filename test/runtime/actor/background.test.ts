/** Which turns may wait behind others: those of sagas that nobody set going just now. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Limits } from '../../../src/host/limits.ts';
import type { Store } from '../../../src/store/store.ts';
import { EngineHarness } from '../engine-harness.ts';

type Any = Record<string, (input: unknown) => unknown>;

const input = (): object => ({});
const any = z.any();

const packSaga = defineSaga({ id: 'pack', input: any, activities: {} as Any })
  .step('wrap', { input, compensate: { activity: 'unwrap', input } })
  .build();

/** Waits for a time, works, waits for a person, works, and has a child work. */
const orderSaga = defineSaga({ id: 'order', input: any, activities: {} as Any })
  .wait('pause', { on: { go: 'continue' }, within: '30s', onExpired: 'continue' })
  .step('reserve', { input, compensate: { activity: 'release', input } })
  .wait('approval', { on: { approve: 'continue' }, within: '90d' })
  .step('charge', { input, compensate: { activity: 'refund', input } })
  .wait('second', { on: { go: 'continue' }, within: '30s', onExpired: 'continue' })
  .child('pack', { saga: packSaga, input, compensate: { activity: 'unpack', input } })
  .build();

let engine: EngineHarness<Any>;
/** Every turn that was committed: its saga, what it came to, and whether it was of the background. */
let turns: string[];

beforeEach(() => {
  engine = new EngineHarness(orderSaga);
  turns = [];
});

afterEach(() => engine.dispose());

function open(activities: Any = {}, limits: Partial<Limits> = {}) {
  const work = (): object => ({});
  return engine.open(
    { reserve: work, release: work, charge: work, refund: work, unpack: work, ...activities },
    {
      limits,
      wrapStore: watched,
      also: (backstep) =>
        backstep.register(packSaga, { activities: { wrap: work, unwrap: work, ...activities } }),
    },
  );
}

function watched(store: Store): Store {
  const commit: Store['commit'] = (turn, isBackground = false) => {
    turns.push(`${isBackground ? 'background' : 'at once'}: ${turn.journal.to}`);
    return store.commit(turn, isBackground);
  };
  return new Proxy(store, {
    get: (target, name) =>
      name === 'commit' ? commit : (Reflect.get(target, name, target) as unknown),
  });
}

describe('turns of a saga', () => {
  test('that a timer woke are of the background until it rests', async () => {
    await open();
    const { id } = await engine.backstep.spawn('order', { input: {} });
    engine.clock.advance(30_000);
    await engine.seen(({ to }) => to === 'forward.approval');
    await engine.backstep.saga(id).send({ type: 'approve' });
    await engine.seen(({ to }) => to === 'forward.second');
    expect(turns).toEqual([
      'at once: forward.pause',
      'background: forward.reserve.running',
      'background: forward.approval',
      'at once: forward.charge.running',
      'at once: forward.second',
    ]);
  });

  test('are at once when somebody waits for the answer', async () => {
    await open({ reserve: () => new Promise(() => {}) });
    const { id } = await engine.backstep.spawn('order', { input: {} });
    engine.clock.advance(30_000);
    await engine.seen(({ to }) => to === 'forward.reserve.running');
    turns = [];
    await engine.backstep.saga(id).command({ name: 'pause', by: 'ada', reason: 'asked' });
    expect(turns).toEqual(['at once: forward.reserve.running']);
  });

  test('that a restart takes up are of the background', async () => {
    await open({ reserve: () => new Promise(() => {}) });
    await engine.backstep.spawn('order', { input: {} });
    engine.clock.advance(30_000);
    await engine.seen(({ to }) => to === 'forward.reserve.running');
    await engine.stop();
    turns = [];
    await open();
    await engine.seen(({ to }) => to === 'forward.approval');
    expect(turns).toEqual(['background: forward.reserve.running', 'background: forward.approval']);
  });

  test('that a saga of the background started are as well', async () => {
    await open();
    const { id } = await engine.backstep.spawn('order', { input: {} });
    await engine.backstep.saga(id).send({ type: 'go' });
    await engine.seen(({ to }) => to === 'forward.approval');
    await engine.backstep.saga(id).send({ type: 'approve' });
    await engine.seen(({ to }) => to === 'forward.second');
    turns = [];
    engine.clock.advance(30_000);
    await engine.backstep.saga(id).settled();
    expect(turns).toEqual([
      'background: forward.pack.running',
      'background: forward.wrap.running',
      'background: completed',
      'background: completed',
    ]);
  });
});

test('an attempt of a saga that somebody started is before those of many that a timer woke', async () => {
  const begun: string[] = [];
  let end = (): void => {};
  const attempt = (name: string) => () => {
    begun.push(name);
    return new Promise((resolve) => (end = () => resolve({})));
  };
  const one = { activitiesInFlight: 1 };
  await open({ reserve: attempt('reserve'), wrap: attempt('wrap') }, one);
  for (let nth = 0; nth < 3; nth += 1) await engine.backstep.spawn('order', { input: {} });
  engine.clock.advance(30_000);
  await engine.seen(() => turns.length === 6);
  await engine.backstep.spawn('pack', { input: {} });
  for (const count of [2, 3, 4]) {
    end();
    await engine.seen(() => begun.length === count);
  }
  expect(begun).toEqual(['reserve', 'wrap', 'reserve', 'reserve']);
});
