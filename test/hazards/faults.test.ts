/** Every fault has a test, or stands with its reason in test/FAULTS.md, which must not grow. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FAULTS } from './faults.ts';

/** The list has shrunk to nothing; whoever names a new fault may let it grow for a while. */
const MOST_UNTRIED = 0;

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const untried = Object.keys(FAULTS).filter((name) => FAULTS[name] === null);

test('each fault names a test that exists', () => {
  const missing = Object.entries(FAULTS).flatMap(([name, trial]) => {
    if (trial === null) return [];
    const [file, title] = trial;
    const isThere = title.length >= 10 && read(file).includes(title);
    return isThere ? [] : [`${name}: no "${title}" in ${file}`];
  });
  expect(missing).toEqual([]);
  expect(Object.keys(FAULTS).length).toBeGreaterThanOrEqual(60);
});

test('FAULTS.md lists those without a test, each with a reason, and no others', () => {
  const listed = [...read('FAULTS.md').matchAll(/^- \*\*(.+?)\*\*: (.{20,})/gm)];
  expect(new Set(listed.map(([, name]) => name))).toEqual(new Set(untried));
  expect(untried.length).toBeLessThanOrEqual(MOST_UNTRIED);
});
