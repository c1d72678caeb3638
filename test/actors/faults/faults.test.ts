import { describe, expect, it } from 'vitest';
import { createFaults, withFaults, type Faults } from '../../../actors/faults/faults.ts';
import { transactional, type Activity } from '../../../src/core/activity.ts';
import { BackstepError } from '../../../src/core/errors.ts';
import { toFailure } from '../../../src/core/failure.ts';
import { contextOf } from '../demo-database.ts';

const NAMES = ['remote', 'local'];

describe('an activity without faults', () => {
  it('runs as if it were not wrapped', async () => {
    const { remote, local, effects } = wrapped();
    expect(await remote()).toBe('done remote');
    expect(await local()).toMatchObject({ output: 'done local' });
    expect(effects).toEqual(['remote', 'local']);
  });
});

describe('an injected failure', () => {
  it('hits the next calls and then no more', async () => {
    const { faults, remote, effects } = wrapped();
    faults.set('remote', { failNext: 2 });
    expect(await failureOf(remote())).toMatchObject({
      code: 'injected-error',
      retryable: true,
      ambiguous: false,
    });
    await failureOf(remote());
    expect(await remote()).toBe('done remote');
    expect(effects).toEqual(['remote']);
    expect(faults.list()).toMatchObject([{ activity: 'remote', failNext: 0, calls: 3, hits: 2 }]);
  });

  it('hits every call at rate 1, and every call when only a mode is given', async () => {
    const { faults, remote, local } = wrapped();
    faults.set('remote', { failureRate: 1 });
    faults.set('local', { mode: 'permanent' });
    for (const call of [remote, remote]) {
      expect(await failureOf(call())).toMatchObject({ code: 'injected-error' });
    }
    for (const call of [local, local]) {
      expect(await failureOf(call())).toMatchObject({
        code: 'injected-permanent',
        retryable: false,
      });
    }
  });

  it('hits no call at rate 0 and none by latency alone', async () => {
    const { faults, remote } = wrapped();
    faults.set('remote', { latencyMs: 1 });
    expect(await remote()).toBe('done remote');
    faults.set('remote', { failureRate: 0, mode: 'permanent' });
    expect(await remote()).toBe('done remote');
  });

  it('ends when it is cleared', async () => {
    const { faults, remote } = wrapped();
    faults.set('remote', { failureRate: 1 });
    faults.clear();
    expect(await remote()).toBe('done remote');
    expect(faults.list()).toEqual([]);
  });
});

describe('an answer that is lost', () => {
  it('leaves the effect of a remote activity and is ambiguous', async () => {
    const { faults, remote, effects } = wrapped();
    faults.set('remote', { mode: 'applied-then-lost' });
    expect(await failureOf(remote())).toMatchObject({
      code: 'injected-lost-answer',
      retryable: true,
      ambiguous: true,
    });
    expect(effects).toEqual(['remote']);
  });

  it('leaves nothing of a transactional activity, whose effect and record are one', async () => {
    const { faults, local, effects } = wrapped();
    faults.set('local', { mode: 'applied-then-lost' });
    expect(await failureOf(local())).toMatchObject({
      code: 'injected-lost-answer',
      retryable: true,
      ambiguous: false,
    });
    expect(effects).toEqual([]);
  });
});

describe('a call that hangs or is delayed', () => {
  it('answers only when it is aborted, with the reason', async () => {
    const { faults, remote, local, effects } = wrapped();
    for (const name of NAMES) faults.set(name, { mode: 'hang' });
    for (const call of [remote, local]) {
      const abort = new AbortController();
      const hanging = call(abort.signal);
      abort.abort(new Error('timed out'));
      await expect(hanging).rejects.toThrow('timed out');
    }
    expect(effects).toEqual([]);
  });

  it('does not begin after an abort during its delay', async () => {
    const { faults, remote, effects } = wrapped();
    faults.set('remote', { latencyMs: 60_000 });
    const abort = new AbortController();
    const delayed = remote(abort.signal);
    abort.abort(new Error('timed out'));
    await expect(delayed).rejects.toThrow('timed out');
    expect(effects).toEqual([]);
  });
});

describe('a rate', () => {
  it('repeats with its seed', () => {
    const outcomes = () => hitsOf(createFaults({ activities: NAMES, random: Math.random }), 7);
    expect(outcomes()).toEqual(outcomes());
    expect(new Set(outcomes()).size).toBe(2);
  });

  it('repeats after a reseed, whatever order the activities are called in', () => {
    const run = (order: readonly string[]) => {
      const faults = createFaults({ activities: NAMES, random: Math.random });
      for (const name of NAMES) faults.set(name, { failureRate: 0.5 });
      faults.reseed(42);
      const hits: Record<string, unknown[]> = { remote: [], local: [] };
      for (const name of order) hits[name]?.push(faults.next(name)?.mode);
      return hits;
    };
    const turns = Array.from({ length: 40 }, (_, index) => NAMES[index % 2] ?? 'remote');
    expect(run(turns)).toEqual(run(turns.toSorted()));
  });

  it('is near its share', () => {
    const hits = hitsOf(createFaults({ activities: NAMES, random: Math.random }), 1, 2_000);
    const share = hits.filter((mode) => mode !== null).length / hits.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });
});

describe('settings', () => {
  it.each<[string, unknown]>([
    ['failNext', { failNext: -1 }],
    ['failNext', { failNext: 1.5 }],
    ['failNext', { failNext: '1' }],
    ['failureRate', { failureRate: 1.01 }],
    ['failureRate', { failureRate: Number.NaN }],
    ['latencyMs', { latencyMs: 1e9 }],
    ['seed', { seed: 2 ** 32 }],
    ['mode', { mode: 'maybe' }],
    ['mode', { mode: 7 }],
    ['colour', { colour: 'red' }],
    ['', 'hang'],
    ['', null],
    ['', []],
  ])('are refused with the place: %s in %j', (path, settings) => {
    const { faults } = wrapped();
    const error = errorOf(() => faults.set('remote', settings));
    expect(error).toMatchObject({ code: 'input-invalid', issues: [{ path }] });
    expect(faults.list()).toEqual([]);
  });

  it('name every issue at once', () => {
    const { faults } = wrapped();
    const error = errorOf(() => faults.set('remote', { failNext: -1, mode: 'maybe' }));
    expect(error?.issues).toHaveLength(2);
  });

  it('are refused for an activity that does not exist', () => {
    const { faults } = wrapped();
    expect(errorOf(() => faults.set('toString', {}))).toMatchObject({ code: 'not-found' });
    expect(errorOf(() => faults.reseed('x'))).toMatchObject({ code: 'input-invalid' });
  });
});

function wrapped() {
  const effects: string[] = [];
  const faults = createFaults({ activities: NAMES, random: Math.random });
  const bound = withFaults(faults, {
    remote: () => {
      effects.push('remote');
      return Promise.resolve('done remote');
    },
    local: transactional(() => {
      effects.push('local');
      return { statements: [], output: 'done local' };
    }),
  });
  const call = (name: keyof typeof bound) => (signal?: AbortSignal) =>
    Promise.resolve(callActivity(bound[name], signal));
  return { faults, effects, remote: call('remote'), local: call('local') };
}

function callActivity(activity: Activity | undefined, signal?: AbortSignal): unknown {
  if (activity === undefined) throw new Error('there is no such activity');
  const context = contextOf(signal === undefined ? {} : { signal });
  const run: (input: never, given: typeof context) => unknown =
    typeof activity === 'function' ? activity : activity.plan;
  return Reflect.apply(run, undefined, [{}, context]);
}

function hitsOf(faults: Faults, seed: number, calls = 30): readonly unknown[] {
  faults.set('remote', { failureRate: 0.5, seed });
  return Array.from({ length: calls }, () => faults.next('remote')?.mode);
}

async function failureOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (thrown) {
    return toFailure(thrown);
  }
  throw new Error('it did not fail');
}

function errorOf(action: () => unknown): BackstepError | undefined {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof BackstepError) return thrown;
    throw thrown;
  }
  return undefined;
}

describe('faults of one order', () => {
  it('meet that order only, come before those of every call, and end when it is mended', () => {
    const faults = createFaults({ activities: ['charge'], random: () => 0 });
    faults.set('charge', { latencyMs: 5 });
    faults.breakOrder('o-1', { charge: { failNext: 1, mode: 'permanent' } });
    expect(faults.next('charge', 'o-2')).toEqual({ latencyMs: 5, mode: null });
    expect(faults.next('charge', 'o-1')).toEqual({ latencyMs: 0, mode: 'permanent' });
    expect(faults.next('charge', 'o-1')).toEqual({ latencyMs: 0, mode: null });
    faults.mendOrder('o-1');
    expect(faults.next('charge', 'o-1')).toEqual({ latencyMs: 5, mode: null });
    expect(faults.list()).toHaveLength(1);
  });

  it('are checked like all others', () => {
    const faults = createFaults({ activities: ['charge'], random: () => 0 });
    expect(() => faults.breakOrder('o-1', { nope: {} })).toThrow('there is no activity nope');
    expect(() => faults.breakOrder('o-1', { charge: { failNext: -1 } })).toThrow(/not valid/);
  });
});
