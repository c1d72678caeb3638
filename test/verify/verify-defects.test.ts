/** Every defective saga is found out, for the right reason, with a shortest path. */
import { describe, expect, test } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { COMPENSATING } from '../fixtures/defective-sagas/compensating.ts';
import { ENDING } from '../fixtures/defective-sagas/ending.ts';
import { HANDLING } from '../fixtures/defective-sagas/handling.ts';
import type { Defective } from '../fixtures/defective-sagas/kit.ts';
import { LOOPING } from '../fixtures/defective-sagas/looping.ts';

const GROUPS = { HANDLING, COMPENSATING, ENDING, LOOPING };

test('there are enough defects to trust the verifier', () => {
  const defects = Object.values(GROUPS).flatMap((group) => Object.keys(group));
  expect(defects.length).toBeGreaterThanOrEqual(45);
});

describe.each(Object.entries(GROUPS))('%s: a saga is found out in which', (_group, group) => {
  test.each(Object.entries(group))('%s', (_, defect) => {
    const { code, severity = 'error', way } = defect;
    const found = foundIn(defect);
    expect(found).toContainEqual({ code, severity, way, says: true });
  });
});

function foundIn({ saga, says, maxStates }: Defective): object[] {
  const options = maxStates === undefined ? {} : { maxStates };
  return verify(saga, options).findings.map(({ code, severity, what, cure, way }) => ({
    code,
    severity,
    way: way.map(({ event, state }) => `${event} → ${state}`),
    says: `${what}; ${cure}`.includes(says) ? true : `${what}; ${cure}`,
  }));
}
