/** `backstep check`, as a process. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DoctoredDatabase } from '../runtime/upkeep/doctored-database.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const TRIP = new URL('../runtime/trip-saga.ts', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'backstep-check-'));
const database = new DoctoredDatabase();
let path: string;

/** The next version of the trip, with whatever else the module holds. */
const MODULES: Readonly<Record<string, string>> = {
  'lone.ts': 'export const migrate = { 1: () => ({}) };',
  'wrong.ts': 'export const next = { definition: v2, migrate: { 2: () => ({}) } };',
  'twice.ts': 'export const other = { ...v2 };',
  'upgrade.ts': 'export const next = { definition: v2, migrate: { 1: () => ({}) } };',
  'gone.ts': '',
  'tells.ts':
    'export const next = { definition: v2, migrate: { 1: () => {' +
    "  throw new Error('no login with password=hunter2-4711'); } } };",
};

beforeAll(async () => {
  await database.fill();
  path = database.damagedBy();
  for (const [name, text] of Object.entries(MODULES)) {
    const head = `import { tripSaga } from '${TRIP.href}';`;
    const v2 = 'export const v2 = { ...tripSaga, version: 2 };';
    writeFileSync(join(folder, name), [head, v2, text].join('\n'));
  }
});
afterAll(() => {
  database.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function check(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'check', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('ends with 0 when every saga in flight goes on, and says how', () => {
  const { status, stdout, stderr } = check(fileURLToPath(TRIP), '--db', path);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    /^.*\.db: all of 3 sagas in flight go on\n {2}3 of trip@1 go on \([^)]+\)\n$/,
  );
  const migrating = check('upgrade.ts', '--db', path);
  expect(migrating.stdout).toContain('  3 of trip@1 migrate to version 2 (');
  expect(migrating.status).toBe(0);
});

test('ends with 1 when one would be parked, and says which and why, in JSON too', () => {
  const { status, stdout } = check('gone.ts', '--db', path);
  expect(status).toBe(1);
  const reason = 'saga type "trip" version 1 is not registered; register it, or migrate the saga';
  expect(stdout).toContain('.db: 3 of 3 sagas in flight would be parked\n');
  expect(stdout).toContain(`  3 of trip@1 would be parked: ${reason} (`);
  const json = check('gone.ts', '--db', path, '--json');
  expect(json.status).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    database: path,
    sagas: 3,
    parked: 3,
    groups: [{ type: 'trip', version: 1, outcome: 'parked', to: null, reason, sagas: 3 }],
  });
});

test('hides a secret in what a migration throws, as doctor does', () => {
  const { status, stdout } = check('tells.ts', '--db', path);
  expect(status).toBe(1);
  expect(stdout).toContain('no login with password=');
  expect(stdout).not.toContain('hunter2');
});

describe('a mistake ends with 2 and is told in one sentence:', () => {
  test.each([
    ['no module', [], "missing required argument 'module'"],
    [
      'a module that is not there',
      ['nofile.ts'],
      'nofile.ts: there is no such file; check the path',
    ],
    [
      'migrations without their saga',
      ['lone.ts'],
      'lone.ts: "migrate" is migrations of no saga; export { definition, migrate } instead',
    ],
    [
      'a migration from no earlier version',
      ['wrong.ts'],
      'saga "trip" version 2: migrate from "2"; give an earlier version',
    ],
    ['a version that stands twice', ['twice.ts'], 'saga "trip" version 2 stands twice'],
    ['an option that there is not', ['gone.ts', '--bogus'], "unknown option '--bogus'"],
  ])('%s', (_, args, says) => {
    const { status, stdout, stderr } = check(...args, '--db', path);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toBe(`backstep: ${says}`);
  });
});

test('ends with 1 and says why when there is no such database', () => {
  expect(check('gone.ts', '--db', 'nowhere.db')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'backstep: nowhere.db: there is no such file; check the path\n',
  });
});
