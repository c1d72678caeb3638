/** What a dead letter says is left to do, and that it is what a person may then order. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import { deadLetterContents } from '../../../src/core/turn/dead-letter.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { scopeInWords } from '../../../src/explain/command-scope.ts';
import { nextInWords } from '../../../src/explain/next-words.ts';
import { sentenceText } from '../../../src/explain/sentence.ts';
import { REFUSED, SagaDriver } from './saga-driver.ts';

type Acts = Record<
  'book' | 'cancel' | 'charge' | 'tell' | 'bill' | 'refund',
  (input: null) => string
>;

const retry = exponential({ first: '1s', attempts: 1 });
const nothing = (): null => null;

describe('the dead letter of a saga that failed on its way forward', () => {
  const booked = defineSaga({ id: 'trip', input: z.null(), activities: {} as Acts }).step('book', {
    input: nothing,
    retry,
    compensate: { activity: 'cancel', input: nothing, retry },
  });

  test.each([
    ['with a pivot', booked.step('charge', { kind: 'pivot', input: nothing, retry })],
    ['without one', booked],
  ] as const)('%s lists the step to be done, not what cannot be compensated', (_, begun) => {
    const definition = begun.step('tell', { kind: 'retriable', input: nothing, retry }).build();
    const saga = new SagaDriver(definition, null);
    saga.done('book');
    if (saga.started.includes('charge')) saga.done('charge');
    saga.fail('tell', REFUSED);
    expect(saga.state.status).toBe('failed');
    expect(legalCommands(saga.state)).not.toContain('compensate');
    expect(deadLetterContents(saga.state)).toMatchObject({ outstanding: ['tell'] });
  });

  test.each([
    ['retried in vain', ['retry', 'fail'], ['tell']],
    ['retried in vain twice', ['retry', 'fail', 'retry', 'fail'], ['tell']],
    ['done by a retry', ['retry', 'done'], ['bill']],
    ['skipped after a retry', ['retry', 'fail', 'skip'], ['bill']],
  ] as const)('names what is left once: a step that was %s', (_, moves, outstanding) => {
    const definition = booked
      .step('tell', { kind: 'retriable', input: nothing, retry })
      .step('bill', { kind: 'retriable', input: nothing, retry })
      .build();
    const saga = new SagaDriver(definition, null);
    saga.done('book');
    saga.fail('tell', REFUSED);
    for (const move of moves) {
      if (move === 'fail') saga.fail('tell', REFUSED);
      else if (move === 'done') saga.done('tell');
      else saga.command(move);
    }
    if (saga.state.status !== 'failed') saga.fail('bill', REFUSED);
    expect(saga.state.status).toBe('failed');
    expect(deadLetterContents(saga.state)).toMatchObject({ outstanding });
    // What a person accepts is what the letter says.
    expect(scopeInWords({ name: 'trip t-1', state: saga.state }, 'accept-partial')).toContain(
      `This stays undone: ${outstanding.join(', ')}.`,
    );
    expect(next(definition, saga)).toContain(`Not done: ${outstanding.join(', ')}.`);
    saga.command('accept-partial');
    expect(next(definition, saga)).toContain(outstanding.join(', '));
  });

  test('names the compensations that a person gave up', () => {
    const definition = booked
      .step('charge', {
        input: nothing,
        retry,
        compensate: { activity: 'refund', input: nothing, retry },
      })
      .step('tell', { kind: 'pivot', input: nothing, retry })
      .build();
    const saga = new SagaDriver(definition, null);
    saga.done('book');
    saga.done('charge');
    saga.fail('tell', REFUSED);
    saga.fail('refund', REFUSED);
    expect(scopeInWords({ name: 'trip t-1', state: saga.state }, 'accept-partial')).toContain(
      'This stays uncompensated: charge, book.',
    );
    saga.command('accept-partial');
    expect(next(definition, saga)).toBe(
      'It ended with book, charge left uncompensated: a person accepted that.',
    );
  });
});

function next(definition: SagaDefinition, { state }: Pick<SagaDriver, 'state'>): string {
  return sentenceText(nextInWords(definition, state));
}
