/** Mappers and conditions that fail, answer too late or change what they are given. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyStateMachine, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { verify } from '../../../src/verify/verify.ts';
import { SagaDriver } from '../../../src/testing/saga-driver.ts';

type Any = Record<string, (input: unknown) => unknown>;
type View = Readonly<Record<'input' | 'results', Readonly<Record<string, { id: string }>>>>;

const input = (): null => null;
const undo = (name: string) => ({ activity: name, input });
const draft = () => defineSaga({ id: 'order', input: z.any(), activities: {} as Any });
// As a caller in plain JavaScript writes it: what it reads is not there.
const wrong = (view: object): never => (view as View).input['b']?.id.trim() as never;
const broken = (view: object): never => {
  const { a } = (view as { input: Record<string, Record<string, unknown>> }).input;
  return (a as { id: { trim: () => never } }).id.trim();
};
const BROKEN = "Cannot read properties of undefined (reading 'id')";

describe('a mapper that throws is named:', () => {
  const step = (more: object) => draft().step('charge', { input, ...more } as never);
  const forward = { input, compensate: undo('refund') };

  test.each([
    ['an input', step({ input: broken, compensate: undo('r') }), 'step "charge", input'],
    ['a when', step({ when: broken, compensate: undo('r') }), 'step "charge", when'],
    [
      'an option',
      draft().choose('way', { fast: { when: broken, steps: (part) => part.step('s', forward) } }),
      'choice "way", option "fast", when',
    ],
    [
      'a while',
      draft().repeat('again', {
        while: broken,
        atMost: 2,
        steps: (part) => part.step('s', forward),
      }),
      'loop "again", while',
    ],
    [
      'an input inside of branches',
      draft().parallel('p', {
        x: (part) => part.step('s', { ...forward, input: broken }),
        y: (part) => part.step('t', { input, compensate: undo('u') }),
      }),
      'step "s", input',
    ],
  ])('%s', (_, written, place) => {
    expect(() => new SagaDriver(written.build(), {})).toThrow(
      expect.objectContaining({
        code: 'definition-invalid',
        message: `saga "order", ${place}: ${BROKEN}`,
      }),
    );
  });

  test('what follows a step', () => {
    const reach = (saga: SagaDriver) => saga.done('charge', null);
    const compensating = new SagaDriver(
      step({ compensate: { activity: 'unpay', input: broken } })
        .step('ship', forward)
        .build(),
      {},
    );
    reach(compensating);
    const reason = { code: 'x', message: 'x', retryable: false, ambiguous: false };
    expect(() => compensating.fail('ship', reason)).toThrow(
      'saga "order", step "charge", compensate, input: ',
    );
    const pivot = () => draft().step('charge', { kind: 'pivot', input } as never);
    expect(() => reach(new SagaDriver(pivot().output(broken).build(), {}))).toThrow(
      'saga "order", output: ',
    );
    expect(() => reach(new SagaDriver(pivot().emitOnCompleted(broken).build(), {}))).toThrow(
      'saga "order", emitOnCompleted: ',
    );
  });
});

test('one that answers with a promise is refused, with the place', () => {
  const late = () => draft().step('charge', { kind: 'pivot', input: () => Promise.resolve(1) });
  expect(() => new SagaDriver(late().build(), {})).toThrow(
    'saga "order", step "charge", input: it gives a promise; it is asked within a turn',
  );
  const condition = (() => Promise.resolve(false)) as never;
  const step = draft().step('charge', { kind: 'pivot', input, when: condition });
  expect(() => new SagaDriver(step.build(), {})).toThrow('step "charge", when: it gives a promise');
});

describe('one that changes what it is given is found', () => {
  const changing = draft()
    .step('book', { input, compensate: undo('unbook') })
    .step('charge', {
      kind: 'pivot',
      input: ({ results }) => (results['book'] as { rows: number[] }).rows.reverse(),
    })
    .build();

  test('by the driver of tests', () => {
    const saga = new SagaDriver(changing, {});
    expect(() => saga.done('book', { rows: [1, 2] })).toThrow(
      /^saga "order", step "charge", input: .*read only.*it must not change what it is given/,
    );
  });

  test('by verify', () => {
    const examples = { input: {}, outputs: { book: [{ rows: [1, 2] }] } };
    const { findings } = verify(changing, examples);
    expect(findings.map(({ what }) => what).join()).toContain(
      'it must not change what it is given',
    );
  });

  test('and what a test gives in stays its own', () => {
    const rows = [1, 2];
    const saga = new SagaDriver(changing, { rows });
    expect(() => saga.done('book', { rows })).toThrow('read only');
    rows.push(3);
    expect(rows).toEqual([1, 2, 3]);
  });
});

test('one that reads what is not there but copes passes', () => {
  const saga = draft().step('charge', { kind: 'pivot', input: wrong }).build();
  expect(new SagaDriver(saga, {}).state.live.activities['charge']?.input).toBeNull();
});

describe('in a hand-written machine', () => {
  const actors = { book: activity<unknown, null>() };
  const boo = (): never => {
    throw new Error('boo');
  };
  const start = (machine: AnyStateMachine) => () => new SagaDriver(durable(machine), {});

  test.each([
    [
      'guard "may"',
      setup({ guards: { may: boo } }).createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { always: { guard: 'may', target: 'b' } }, b: {} },
      }),
    ],
    [
      'invoke "call", input',
      setup({ actors }).createMachine({ id: 'm', invoke: { id: 'call', src: 'book', input: boo } }),
    ],
  ] as const)('%s is named when it throws', (place, machine) => {
    expect(start(machine)).toThrow(
      expect.objectContaining({ code: 'definition-invalid', message: `saga "m", ${place}: boo` }),
    );
  });

  test('a guard that answers with a promise is refused, which would always hold', () => {
    const late = (() => Promise.resolve(false)) as never;
    const machine = setup({ guards: { may: late } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { go: { guard: 'may', target: 'b' } } }, b: {} },
    });
    const saga = new SagaDriver(durable(machine), {});
    expect(() => saga.send({ type: 'go' })).toThrow('guard "may": it gives a promise');
  });
});
