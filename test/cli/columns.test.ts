import { expect, it } from 'vitest';
import { columns } from '../../src/cli/columns.ts';

it('a table of any length is as wide as its widest cells', () => {
  const rows = Array.from({ length: 300_000 }, (_, index) => [String(index), 'x']);
  const lines = columns(['N', 'WHAT'], rows);
  expect(lines).toHaveLength(300_001);
  expect([lines[0], lines[1], lines.at(-1)]).toEqual(['N       WHAT', '0       x', '299999  x']);
});
