/** What the builder, `durable` and retry policies are given in plain JavaScript. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { setup } from 'xstate';
import { durable } from '../../../src/core/define/durable.ts';
import { meantInstead, nearestName } from '../../../src/core/nearest-name.ts';
import { check, mapOf, NAME, optionsOf, required, TEXT } from '../../../src/core/options-reader.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { verify } from '../../../src/verify/verify.ts';

type Loose = (...given: readonly unknown[]) => unknown;
const loose = (call: unknown): Loose => call as Loose;

const input = (): null => null;
const compensate = { activity: 'ub', input };
const options = { id: 's', input: z.null(), activities: {} };
const draft = () => defineSaga(options);
const step = (more: object) => loose(draft().step)('a', { input, compensate, ...more });
const wait = (more: object) =>
  loose(draft().wait)('w', { on: { ok: 'continue' }, within: '1d', ...more });

describe('defineSaga refuses', () => {
  const define = loose(defineSaga);

  test.each([
    [undefined, 'defineSaga: what was given is undefined; give an object with id and input'],
    [{ input: z.null() }, 'defineSaga: id is missing; give a text'],
    [{ id: 's' }, 'saga "s": input is missing; give a schema of the Standard Schema'],
    [{ ...options, activities: 'x' }, 'saga "s": activities is "x"; give an object'],
    [{ id: 's', input: {} }, 'saga "s": input is an empty object; give a schema'],
    [{ ...options, deadlin: '1d' }, 'saga "s": deadlin is not known (did you mean "deadline"?)'],
    [{ ...options, version: 1.5 }, 'saga "s": version is 1.5; give a whole number from 1'],
    [{ ...options, events: 'x' }, 'saga "s": events is "x"; give an object of schemas'],
    [{ ...options, examples: { outputs: { a: 1 } } }, 'examples.outputs.a is 1; give a list of'],
  ])('%j', (given, message) => {
    expect(() => define(given)).toThrow(expect.objectContaining({ code: 'definition-invalid' }));
    expect(() => define(given)).toThrow(message);
  });
});

describe('a step refuses', () => {
  test.each([
    [{ kind: 'pivt' }, 'kind is "pivt" (did you mean "pivot"?); give compensatable, pivot,'],
    [{ retry: 3 }, 'retry is 3; give a policy such as exponential({ attempts: 3 }) or NO_RETRY'],
    [{ retry: { attempts: 3 } }, 'retry.firstMs is missing; give a number from 0; make it with'],
    [{ timout: '1s' }, 'timout is not known (did you mean "timeout"?)'],
    [{ timeout: 0 }, 'timeout is 0; give at least 1 ms'],
    [{ timeout: NaN }, 'timeout: "NaN" is not a duration'],
    [{ timeout: {} }, 'timeout is an empty object; give a duration such as'],
    [{ heartbeat: '0s' }, 'heartbeat is 0s; give at least 1 ms'],
    [{ input: undefined }, 'input is missing; give a function of what the saga knows so far'],
    [{ input: 'x' }, 'input is "x"; give a function'],
    [{ input: async () => Promise.resolve() }, 'input is async, but a turn cannot wait; give a'],
    [{ when: async () => Promise.resolve(true) }, 'when is async, but a turn cannot wait'],
    [{ when: true }, 'when is true; give a function that answers true or false'],
    [{ compensate: { activity: 'ub' } }, 'compensate.input is missing; give a function'],
    [{ compensate: { ...compensate, actvity: 'x' } }, 'did you mean "activity"?'],
    [{ compensate: 'ub' }, 'compensate is "ub"; give an object with activity and input'],
    [{ repeatable: 'no' }, 'repeatable is "no"; give true or false'],
  ])('%j', (more, message) => {
    expect(() => step(more)).toThrow('saga "s", step "a": ');
    expect(() => step(more)).toThrow(message);
  });

  test('a name that is no text', () => {
    expect(() => loose(draft().step)(undefined, {})).toThrow(
      'saga "s", the name of a step: what was given is undefined; give a text',
    );
    expect(() => loose(draft().step)('a')).toThrow('step "a": what was given is undefined');
  });
});

describe('another block refuses', () => {
  test.each([
    [() => wait({ on: { ok: 'go' } }), 'wait "w": on.ok is "go"; give continue or compensate'],
    [() => wait({ within: undefined }), 'wait "w": within is missing; give a duration such as'],
    [() => wait({ onExpire: 'x' }), 'wait "w": onExpire is not known (did you mean "onExpired"?)'],
    [
      () => wait({ remind: { every: 0, emit: () => ({ type: 'x' }) } }),
      'saga "s", wait "w": remind.every is 0; give at least 100 ms',
    ],
    [() => wait({ remind: { every: '1d' } }), 'remind.emit is missing; give a function'],
    [() => loose(draft().child)('c', { input, compensate }), 'child "c": saga is missing; give'],
    [
      () => loose(draft().child)('c', { saga: draft(), input, compensate }),
      'child "c": saga is a draft that is not built yet; call .build()',
    ],
    [() => loose(draft().parallel)('p', { x: 1 }), 'parallel "p": x is 1; give a function that'],
    [
      () => loose(draft().choose)('c', { x: { steps: () => {} } }),
      'choice "c": x.when is missing; give a function that answers true or false',
    ],
    [
      () => loose(draft().repeat)('r', { whle: () => true, atMost: 2, steps: () => {} }),
      'loop "r": whle is not known (did you mean "while"?)',
    ],
    [() => loose(draft().output)('x'), 'saga "s": output: what was given is "x"; give a function'],
    [() => loose(draft().emitOnCompleted)({}), 'emitOnCompleted: what was given is an empty obj'],
  ])('%#', (write, message) => {
    expect(write).toThrow(expect.objectContaining({ code: 'definition-invalid' }));
    expect(write).toThrow(message);
  });
});

test.each([
  [{ frist: 1 }, 'retry: frist is not known (did you mean "first"?)'],
  [{ attempts: '3' }, 'retry: attempts is "3"; give a whole number from 1 to 1000'],
  [{ jitter: 'ful' }, 'retry: jitter is "ful" (did you mean "full"?); give none, equal or full'],
  [{ nonRetryable: 'declined' }, 'retry: nonRetryable is "declined"; give a list of codes'],
  [3, 'retry: what was given is 3; give an object with first, factor'],
])('exponential refuses %j', (given, message) => {
  expect(() => loose(exponential)(given)).toThrow(message);
});

describe('durable refuses', () => {
  const machine = setup({}).createMachine({ id: 'm', initial: 'a', states: { a: {} } });

  test.each([
    [[undefined], 'durable: what was given is undefined; give a machine of XState 5'],
    [[machine, { verson: 2 }], 'saga "m": verson is not known (did you mean "version"?)'],
    [[machine, { children: { kid: draft() } }], 'children.kid is a draft that is not built yet'],
    [[machine, { keepsEarly: 'x' }], 'keepsEarly is "x"; give a list of event types'],
  ])('%#', (given, message) => {
    expect(() => loose(durable)(...given)).toThrow(message);
  });

  test('and verify wants what it gives', () => {
    expect(() => loose(verify)(draft())).toThrow('is a draft that is not built yet; call .build()');
    expect(() => loose(verify)(machine)).toThrow('is a bare machine; make it durable(machine)');
  });
});

describe('the reader', () => {
  const kind = optionsOf({ name: required(NAME), tags: mapOf(TEXT, 'texts') });

  test('answers anything with nothing, or with one error that has a message', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withSparseArray: true }), (given) => {
        try {
          check(given, kind, 'x', 'input-invalid');
        } catch (error) {
          expect(error).toMatchObject({ code: 'input-invalid', name: 'BackstepError' });
          expect((error as Error).message.length).toBeLessThan(300);
        }
      }),
    );
  });

  test('says so of what cannot be looked at', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => check(proxy, kind, 'x', 'input-invalid')).toThrow(
      'x: what was given cannot be looked at; give an object with name',
    );
  });

  test('takes what it names, and members that are undefined as not given', () => {
    for (const given of [{ name: 'a' }, { name: 'a', tags: undefined }, { name: 'a', tags: {} }]) {
      expect(() => check(given, kind, 'x', 'input-invalid')).not.toThrow();
    }
  });
});

test('the nearest name is one that a slip of the fingers leads to, or none', () => {
  const known = ['timeout', 'heartbeat', 'retry', 'input', 'key'];
  expect(
    ['timout', 'kye', 'Key', 'retyr', 'hartbeat', 'ipnut'].map((given) =>
      nearestName(given, known),
    ),
  ).toEqual(['timeout', 'key', 'key', 'retry', 'heartbeat', 'input']);
  expect(['compensate', '', 'x'.repeat(500)].map((given) => nearestName(given, known))).toEqual([
    null,
    null,
    null,
  ]);
  expect(meantInstead('kye', known)).toBe(' (did you mean "key"?)');
});
