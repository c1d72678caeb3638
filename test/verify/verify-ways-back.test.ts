/**
 * A drawing of a built saga in which something leads back over the pivot: the second time it stands
 * there more is done than the first time, and only `verify` can tell.
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

/** `SAGA` with the last way of one slot, `<state> <slot>`, leading elsewhere. */
function leading(slot: string, target: string): SagaDefinition {
  const config = copyOf(SAGA.machine.config) as Record<string, unknown>;
  const way = transitionsIn(config).findLast(
    (each) => `${each.place.path.join('.')} ${each.slot}` === slot,
  );
  if (way === undefined) throw new Error(`nothing is drawn for "${slot}"`);
  way.edge['target'] = `#parcel.${target}`;
  return redrawn(SAGA, config);
}

describe('verify', () => {
  test('finds nothing where nothing leads back', () => {
    expect(verify(SAGA).findings).toEqual([]);
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
    const found = verify(leading(slot, 'pivot.charge')).findings;
    const left = found.filter(
      ({ code, severity }) => code === 'left-uncompensated' && severity === 'error',
    );
    // After a skip it would not even end as compensated.
    expect(left.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(/step "charge" is (done and was not compensated|neither undone)/),
    );
  });
});
