import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { warnOfOpenFile } from '../../src/runtime/file-modes.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { silentLogger } from '../../src/host/turn-log.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';

test('a database that others may read is told of once, with its mode and the cure, and left as it is', async () => {
  const database = temporaryDatabase();
  expect(await warningsOf(database)).toEqual([]);
  expect(statSync(database).mode & 0o777).toBe(0o600);
  chmodSync(database, 0o644);
  expect(await warningsOf(database)).toEqual([
    ['644', 'others may read the database; make it yours alone: chmod 600'],
  ]);
  expect(statSync(database).mode & 0o777).toBe(0o644);
});

test.each([
  [0o600, 0],
  [0o400, 0],
  [0o640, 1],
  [0o604, 1],
  [0o622, 1],
])('a file with mode %o is warned of %i times', (mode, times) => {
  const path = temporaryDatabase();
  writeFileSync(path, 'token');
  chmodSync(path, mode);
  const lines: string[] = [];
  warnOfOpenFile(path, 'the token', { warn: (_, message) => void lines.push(message) });
  expect(lines).toHaveLength(times);
});

test('a file that is not there is none', () => {
  const lines: string[] = [];
  const log = { warn: (_: object, message: string) => void lines.push(message) };
  warnOfOpenFile('/nowhere/at/all', 'the token', log);
  expect(lines).toEqual([]);
});

async function warningsOf(database: string): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const logger = {
    ...silentLogger,
    warn: (details: object, message: string) =>
      void lines.push([Reflect.get(details, 'mode'), message]),
  };
  const backstep = await openBackstep({ database, logger });
  onTestFinished(() => backstep.stop({ within: 0 }));
  await backstep.stop({ within: 0 });
  return lines;
}
