/** The small pure parts: JSON strictness, failures, durations, retry delays, state paths. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toMs } from '../../src/core/duration.ts';
import { isFailure, PermanentError, toFailure, TransientError } from '../../src/core/failure.ts';
import { canonicalJson, copyJson, isLongerThan, keepJson, takeJson } from '../../src/core/json.ts';
import { nearestName } from '../../src/core/nearest-name.ts';
import { delayAfterMs, exponential } from '../../src/core/retry-policy.ts';
import { statePath } from '../../src/core/machine/state-path.ts';
import { sagaId } from '../../src/host/starts/saga-id.ts';

/** As JSON has it: there -0 is 0, which is said of `keepJson`. */
function withPlainZeros(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(withPlainZeros);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, withPlainZeros(each)]),
  );
}

describe('JSON strictness', () => {
  test('lets pass what comes back equal, and refuses everything else', () => {
    const anything = fc.anything({ withDate: true, withMap: true, withBigInt: true, maxDepth: 3 });
    let passed = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue({ maxDepth: 6 }), anything), (value) => {
        let kept: unknown;
        try {
          kept = keepJson(value, 'value');
        } catch (error) {
          expect(error).toMatchObject({ code: 'not-json' });
          refused += 1;
          return;
        }
        passed += 1;
        if (kept === undefined) return; // nothing at all is kept as nothing
        expect(JSON.parse(JSON.stringify(kept))).toEqual(withPlainZeros(kept));
      }),
      { numRuns: 500 },
    );
    expect(Math.min(passed, refused)).toBeGreaterThan(50);
  });

  test.each([
    ['NaN', { a: [1, Number.NaN] }, '"a.1" is NaN'],
    ['a Date', { at: new Date(0) }, '"at" is a Date'],
    ['a Map', new Map(), 'the value is a Map'],
    ['an error', { e: new Error('x') }, '"e" is a Error'],
    ['undefined in a list', { a: [1, undefined] }, '"a.1" is undefined'],
    ['a hole in a list', { a: Object.assign([], { 1: 'x' }) }, '"a.0" is undefined'],
    ['half a character', { a: '\ud83d' }, '"a" has half of a surrogate pair'],
    ['half a character in a name', { a: { 'x\udc00': 1 } }, '"a" has half of a surrogate pair'],
    [
      'a class instance',
      {
        a: new (class Money {
          readonly amount = 1;
        })(),
      },
      '"a" is a Money; give a plain object',
    ],
    ['a BigInt', 1n, 'the value is bigint'],
  ])('refuses %s and says where', (_, value, message) => {
    expect(() => keepJson(value, 'input')).toThrow(`input: ${message}`);
  });

  test('refuses cycles and depth instead of overflowing, and says which it is', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(() => keepJson(cycle, 'input')).toThrow(
      'input: "self" is a cycle: it leads back to the value',
    );
    const inner = { rows: [] as unknown[] };
    inner.rows.push({ up: inner });
    expect(() => keepJson({ inner }, 'input')).toThrow(
      'input: "inner.rows.0.up" is a cycle: it leads back to "inner"',
    );
    const deep = JSON.parse('['.repeat(70) + ']'.repeat(70)) as unknown;
    expect(() => keepJson(deep, 'input')).toThrow('nested deeper than 64 levels');
  });

  test('leaves undefined members out, in a copy, and only then makes one', () => {
    const given = { a: undefined, rows: [{ b: 1, c: undefined }, { d: {} }] };
    expect(Object.keys(keepJson(given, 'input'))).toEqual(['rows']);
    expect(Object.keys(keepJson(given, 'input').rows[0] ?? {})).toEqual(['b']);
    expect('a' in given).toBe(true);
    expect(keepJson(undefined, 'input')).toBeUndefined();
    const whole = { a: { b: 1 } };
    expect(keepJson(whole, 'input')).toBe(whole);
    expect(takeJson(whole, 'input')).not.toBe(whole);
    expect(takeJson(whole, 'input')).toEqual(whole);
  });

  test('finds what JSON loses beside an undefined member, wherever it stands', () => {
    for (const given of [
      { a: undefined, b: new Map() },
      { b: new Map(), a: undefined },
    ]) {
      expect(() => keepJson(given, 'input')).toThrow('"b" is a Map');
    }
  });

  test('knows a long text from a short one, to the character', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(400), (value, limit) => {
        expect(isLongerThan(value, limit)).toBe(JSON.stringify(value).length > limit);
      }),
    );
    expect(isLongerThan('\n'.repeat(10), 22)).toBe(false);
    expect(isLongerThan('\n'.repeat(10), 21)).toBe(true);
  });

  test('copies what it lets pass, all the way down and with every name', () => {
    const value = JSON.parse('{"a":[1,{"b":null,"__proto__":{"c":"d"}}],"e":""}') as unknown;
    const copy = copyJson(value);
    expect(copy).toEqual(value);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
    expect(copy).not.toBe(value);
    expect((copy as { a: unknown[] }).a[1]).not.toBe((value as { a: unknown[] }).a[1]);
    expect(copyJson('text')).toBe('text');
    expect(copyJson(undefined)).toBeUndefined();
  });

  test('is canonical: the order of keys does not matter', () => {
    expect(canonicalJson({ b: 1, a: { d: [], c: 'x' } })).toBe(
      canonicalJson({ a: { c: 'x', d: [] }, b: 1 }),
    );
  });
});

describe('a failure', () => {
  test('tells permanent from transient from ambiguous', () => {
    expect(toFailure(new PermanentError('declined', 'no'))).toMatchObject({
      code: 'declined',
      retryable: false,
      ambiguous: false,
    });
    expect(toFailure(new TransientError('busy', 'later'))).toMatchObject({
      retryable: true,
      ambiguous: false,
    });
    expect(toFailure(new Error('socket hang up'))).toMatchObject({
      retryable: true,
      ambiguous: true,
    });
  });

  test('can be made of anything that is thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const failure = toFailure(thrown);
        expect(JSON.parse(JSON.stringify(failure))).toEqual(failure);
      }),
    );
    const hostile = Object.defineProperty({}, 'message', {
      get: () => {
        throw new Error('hostile');
      },
    });
    for (const target of [{}, () => {}]) {
      const { proxy, revoke } = Proxy.revocable(target, {});
      revoke();
      expect(toFailure(proxy)).toMatchObject({ retryable: true, ambiguous: true });
      expect(isFailure(proxy)).toBe(false);
    }
    expect(toFailure(hostile).message).toBe('an object without a message was thrown');
    expect(toFailure(undefined).message).toBe('thrown: undefined');
    expect(toFailure(new Error('x'.repeat(5_000))).message).toHaveLength(500);
  });
});

describe('retry delays', () => {
  const policy = fc.record({
    first: fc.integer({ min: 0, max: 10_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    max: fc.integer({ min: 0, max: 100_000 }),
    jitter: fc.constantFrom('none' as const, 'equal' as const, 'full' as const),
  });

  test('are whole, never negative, never over the maximum, and the same for the same key', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 50 }), fc.string(), (options, attempt, key) => {
        const delayMs = delayAfterMs(exponential(options), attempt, key);
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(options.max);
        expect(delayAfterMs(exponential(options), attempt, key)).toBe(delayMs);
      }),
    );
  });

  test('grow under equal jitter with factor 2', () => {
    const equal = exponential({ first: 100, factor: 2, max: '1h', jitter: 'equal' });
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 10 }), (key, attempt) => {
        const [one, two] = [attempt, attempt + 1].map((each) => delayAfterMs(equal, each, key));
        expect(two).toBeGreaterThanOrEqual(one ?? Infinity);
      }),
    );
  });
});

test('durations are read as people write them', () => {
  expect(['200ms', '1.5s', '5m', '24h', '30d'].map((text) => toMs(text as '1s', 'x'))).toEqual([
    200, 1_500, 300_000, 86_400_000, 2_592_000_000,
  ]);
  for (const wrong of ['', '5', 's', '-1s', '1 s', '1w', '1e3s']) {
    expect(() => toMs(wrong as '1s', 'deadline')).toThrow('deadline: ');
  }
});

test.each([
  ['Paid', 'paid'],
  ['piad', 'paid'],
  ['shiped', 'shipped'],
  ['order-payed', 'order-paid'],
  ['dnoe', 'done'],
  ['on', null],
  ['no!', null],
  ['shopping', null],
  ['', null],
  ['x'.repeat(10_000), null],
])('"%.20s" most likely means %s', (given, meant) => {
  const known = ['done', 'no', 'order-paid', 'paid', 'shipped'];
  expect(nearestName(given, known)).toBe(meant);
});

test('state paths join nesting with dots and regions with plus', () => {
  expect(statePath({ forward: { pay: 'running' } })).toBe('forward.pay.running');
  expect(statePath({ a: { x: 'one', y: { z: 'two' } } })).toBe('a.x.one + a.y.z.two');
});

test('saga ids sort by time and differ by chance', () => {
  const early = sagaId(1_000, new Uint8Array(16).fill(31));
  const late = sagaId(2_000, new Uint8Array(16));
  expect(early < late).toBe(true);
  expect(early).toMatch(/^[0-9a-z]{26}$/);
});
