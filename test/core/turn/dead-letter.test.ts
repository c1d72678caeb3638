/** What a dead letter says is left to do, and that it is what a person may then order. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import { deadLetterContents } from '../../../src/core/turn/dead-letter.ts';
import { legalCommands } from '../../../src/core/turn/legal.ts';
import { REFUSED, SagaDriver } from './saga-driver.ts';

type Acts = Record<'book' | 'cancel' | 'charge' | 'tell', (input: null) => string>;

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
});
