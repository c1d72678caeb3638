/**
 * A drawing of a built saga in which something leads back to where it was before: the second time more
 * is done, and more is known, than the first time.
 */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../src/core/define/definition.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import { verify } from '../../src/verify/verify.ts';
import { copyOf, transitionsIn } from '../generated/drawing-tree.ts';
import { redrawn } from '../generated/subject.ts';

type Steps = Record<string, (input: null) => null>;
const input = () => null;

/** Nothing but the pivot stands before it, so that what comes after is all there is to tell. */
const SAGA = defineSaga({ id: 'parcel', input: z.unknown(), activities: {} as Steps })
  .step('charge', { kind: 'pivot', input })
  .step('pack', { kind: 'retriable', input })
  .wait('collected', { on: { collect: 'continue' }, within: '20s', onExpired: 'continue' })
  .step('thank', { kind: 'retriable', input })
  .build();

/** Its compensation says what its step brought. */
const STAY = defineSaga({
  id: 'stay',
  input: z.unknown(),
  activities: {} as Record<'book' | 'cancel', (input: unknown) => unknown>,
  examples: { outputs: { book: [{ room: 7 }] } },
})
  .step('book', {
    input,
    compensate: { activity: 'cancel', input: ({ results }) => results.book ?? null },
  })
  .wait('approved', { on: { approve: 'continue', refuse: 'compensate' }, within: '20s' })
  .build();

/** The saga with the last way of one slot, `<state> <slot>`, leading elsewhere. */
function leading(saga: SagaDefinition, slot: string, target: string): SagaDefinition {
  const config = copyOf(saga.machine.config) as Record<string, unknown>;
  const way = transitionsIn(config).findLast(
    (each) => `${each.place.path.join('.')} ${each.slot}` === slot,
  );
  if (way === undefined) throw new Error(`nothing is drawn for "${slot}"`);
  way.edge['target'] = `#${saga.id}.${target}`;
  return redrawn(saga, config);
}

describe('verify', () => {
  test('finds nothing where nothing leads back', () => {
    expect(verify(SAGA).findings).toEqual([]);
    expect(verify(STAY).findings).toEqual([]);
  });

  test.each([
    'finishing.pack.running invoke onDone',
    'finishing.collected on collect',
    'finishing.collected after collected.expires',
    'finishing.failed.pack on backstep.skip',
    'finishing.thank.running invoke onDone',
    'finishing.failed.thank on backstep.skip',
    'ending always',
  ])('finds the step that is done and left behind where "%s" leads back to the pivot', (slot) => {
    const found = verify(leading(SAGA, slot, 'pivot.charge')).findings;
    const left = found.filter(
      ({ code, severity }) => code === 'left-uncompensated' && severity === 'error',
    );
    // After a skip it would not even end as compensated.
    expect(left.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/step "charge" is (done and was not compensated|neither undone)/),
    );
  });

  test.each(['backstep.skip', 'backstep.accept-partial'])(
    'finds the run that is undone with what an earlier one brought where %s begins again',
    (order) => {
      const slot = `compensating.failed.cancel on ${order}`;
      const found = verify(leading(STAY, slot, 'forward.book')).findings;
      const errors = found.filter(({ severity }) => severity === 'error');
      expect(errors.map(({ what }) => what)).toContainEqual(
        expect.stringContaining('"cancel" compensates run 2 of step "book", with the input'),
      );
    },
  );
});
