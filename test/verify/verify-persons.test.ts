/** What a person's word, or a lookup, settles: as `verify` sees it in sagas drawn by hand. */
import { describe, expect, test } from 'vitest';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { verify } from '../../src/verify/verify.ts';
import { ENDS, person, saga, step, twoSteps } from '../fixtures/defective-sagas/kit.ts';

const errorsOf = (definition: SagaDefinition): readonly string[] =>
  verify(definition)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ what, cure }) => `${what}; ${cure}`);

const LOOKUP = { probes: 'hold' };
const GIVEN_UP = { type: 'final', tags: ['compensation_failed'] };

describe('a person', () => {
  test('may give up the compensation of a step that had failed for certain', () => {
    const releaseFailed = {
      ...person('releasing'),
      on: { 'backstep.retry': 'releasing', 'backstep.accept-partial': 'left' },
    };
    expect(errorsOf(twoSteps({ releaseFailed, left: GIVEN_UP }))).toEqual([]);
  });

  const ALONE = {
    deciding: step(
      'charge',
      {
        done: 'completed',
        failed: [{ target: 'compensated', guard: isCertain }, { target: 'asking' }],
        timedOut: 'asking',
      },
      { kind: 'pivot' },
    ),
    ...ENDS,
  };

  test('may go on without the answer of the only step there is', () => {
    const asking = { tags: ['failed'], on: { 'backstep.skip': 'completed' } };
    expect(errorsOf(saga('deciding', { ...ALONE, asking }))).toEqual([]);
  });

  test('cannot call off a step in doubt that is not said to be a pivot', () => {
    const asking = { tags: ['failed'], on: { 'backstep.compensate': 'compensated' } };
    const { deciding } = ALONE;
    const meta = { step: 'charge' };
    const errors = errorsOf(
      saga('deciding', { ...ALONE, deciding: { ...deciding, meta }, asking }),
    );
    expect(errors).toEqual([
      expect.stringMatching(/step "charge" may have happened .* or make it the pivot$/),
    ]);
    expect(errorsOf(saga('deciding', { ...ALONE, asking }))).toEqual([]);
  });
});

test('a lookup of a step that is in doubt is no undoing of it', () => {
  const looksUp = twoSteps({
    holding: step('hold', { done: 'charging', failed: 'charging' }),
    charging: step('charge', { done: 'looking', failed: 'looking' }),
    looking: { ...step('check', { done: 'refunding', failed: 'refunding' }), meta: LOOKUP },
  });
  expect(errorsOf(looksUp)).toEqual([]);
});

function isCertain({ event }: { readonly event: object }): boolean {
  return 'error' in event && !(event.error as { ambiguous: boolean }).ambiguous;
}
