/** `backstep doctor`, as a process. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DoctoredDatabase } from '../runtime/upkeep/doctored-database.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const RUNTIME = fileURLToPath(new URL('../runtime', import.meta.url));

const database = new DoctoredDatabase();

beforeAll(() => database.fill());
afterAll(() => database.dispose());

function doctor(...args: readonly string[]) {
  return spawnSync(process.execPath, [CLI, 'doctor', ...args], { cwd: RUNTIME, encoding: 'utf8' });
}

test('says that nothing is wrong and ends with 0', () => {
  const path = database.damagedBy();
  const { status, stdout, stderr } = doctor('trip-saga.ts', '--db', path);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^.*\.db: nothing found in 6 of 6 sagas, \d+ turns replayed\n$/);
  expect(status).toBe(0);
});

test('says what is wrong with which saga and ends with 1, in JSON too', () => {
  const path = database.damagedBy("UPDATE sagas SET attempts = 9 WHERE status = 'completed'");
  const { status, stdout } = doctor('trip-saga.ts', '--db', path);
  expect(status).toBe(1);
  expect(stdout).toContain(
    `  error row: saga ${database.ids.completed}: attempts is 9 and should be 1\n`,
  );
  const json = doctor('trip-saga.ts', '--db', path, '--json');
  expect(json.status).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    database: path,
    sagas: 6,
    findings: [{ severity: 'error', kind: 'row', sagaId: database.ids.completed }],
  });
});

test('names the sagas that no module defines, and ends with 2 when no module is named', () => {
  const path = database.damagedBy();
  const { status, stdout } = doctor('../fixtures/defective-sagas/forgetful.ts', '--db', path);
  expect(stdout).toContain('not examined: 6 sagas of trip@1; name the module that defines it');
  expect(status).toBe(0);
  const nothing = doctor('--db', path);
  expect(nothing.status).toBe(2);
  expect(nothing.stderr).toContain("missing required argument 'module'");
});

test('ends with 1 and says why when there is no such database', () => {
  const { status, stderr } = doctor('trip-saga.ts', '--db', 'nowhere.db');
  expect(status).toBe(1);
  expect(stderr).toBe('backstep: nowhere.db: there is no such file; check the path\n');
});
