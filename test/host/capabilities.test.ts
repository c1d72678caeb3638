/** What hosts say that they can promise: the same to programs and to readers of the guide. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  CAPABILITY_WORDS,
  capabilitiesOf,
  type CapabilityName,
} from '../../src/host/capabilities.ts';

const NAMES = Object.keys(CAPABILITY_WORDS) as CapabilityName[];
const GUIDE = new URL('../../public/guide/13-many-machines.md', import.meta.url);

/** Cells of the table of the guide, row by row, without the head. */
function rowsOfGuide(): readonly (readonly string[])[] {
  const text = readFileSync(GUIDE, 'utf8');
  const section = text.slice(text.indexOf('## What it cannot promise'));
  return section
    .slice(0, section.indexOf('\n## '))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('`', '').trim()),
    );
}

it('are in the guide, each that differs, in the same words', () => {
  const embedded = capabilitiesOf('embedded-postgres').promises;
  const restate = capabilitiesOf('restate').promises;
  const differ = NAMES.filter((name) => restate[name].how !== embedded[name].how);
  expect(differ.length).toBeGreaterThan(10);
  expect(rowsOfGuide()).toEqual(
    differ.map((name) => [CAPABILITY_WORDS[name], embedded[name].how, restate[name].how]),
  );
});

it.each(['embedded-sqlite', 'embedded-postgres', 'restate'] as const)(
  'say of each promise whether %s keeps it and how, in one sentence',
  (host) => {
    const { promises } = capabilitiesOf(host);
    expect(Object.keys(promises).toSorted()).toEqual(NAMES.toSorted());
    for (const { how } of Object.values(promises)) expect(how).toMatch(/^[A-Z][^|]+\.$/);
  },
);
