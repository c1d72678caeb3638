/** The cache of compiled sources that runs share. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { boundCompileCache } from './compile-cache.ts';

test('the cache of code loses its oldest files past its bound, and nothing below it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const version = join(folder, 'v24');
  mkdirSync(version);
  for (const [index, name] of ['oldest', 'older', 'newer', 'newest'].entries()) {
    writeFileSync(join(version, name), 'x'.repeat(100));
    utimesSync(join(version, name), index, index);
  }
  boundCompileCache(folder, 400);
  expect(readdirSync(version)).toHaveLength(4);
  boundCompileCache(folder, 399);
  expect(readdirSync(version).toSorted()).toEqual(['newest']);
  boundCompileCache(join(folder, 'none'), 1);
});
