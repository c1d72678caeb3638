/** The oracles are tested too: each planted bug is noticed by the oracle that is there for it. */
import { expect, test } from 'vitest';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { PLANTED_FAMILY_BUGS } from './planted-family-bugs.ts';
import { PLANTED_HOST_BUGS } from './planted-host-bugs.ts';
import { PLANTED_LEDGER_BUGS } from './planted-ledger-bugs.ts';
import { ORDER } from './sim-sagas.ts';
import { simulate } from './simulation.ts';
import { ORACLES } from './violation.ts';

/** Seeds tried until the bug shows. */
const MAX_SEEDS = 250;

const BUGS = [
  ...PLANTED_BUGS,
  ...PLANTED_HOST_BUGS,
  ...PLANTED_FAMILY_BUGS,
  ...PLANTED_LEDGER_BUGS,
];

test.each(BUGS)('$oracle notices that $name', async (bug) => {
  const { oracle, plant, fromSeed = 1, saga = ORDER } = bug;
  for (let seed = fromSeed; seed < fromSeed + MAX_SEEDS; seed++) {
    const chance = { kind: 'random', seed, vetoed: new Set<string>() } as const;
    const { violations } = await simulate({ chance, plant, saga });
    if (violations.some((violation) => violation.oracle === oracle)) return;
  }
  expect.fail(`${oracle} noticed nothing in ${MAX_SEEDS} runs`);
});

test('every oracle has a planted bug that it notices', () => {
  const tested = new Set(BUGS.map((bug) => bug.oracle));
  expect(BUGS.length).toBeGreaterThanOrEqual(50);
  expect([...tested].toSorted()).toEqual(Object.keys(ORACLES).toSorted());
});
