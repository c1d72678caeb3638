/** What the threads of the store load: each engine starts them, so that every module counts. */
import { expect, it } from 'vitest';
import { filesUnder, importedPath } from '../../source-files.ts';

const SOURCES = new Map(filesUnder('src').map((file) => [file.path, file]));
const THREADS = [...SOURCES.keys()].filter((path) => /^src\/store\/.*-worker\.ts$/.test(path));

/** Packages that the file loads, with all that it imports; types load nothing. */
function packagesOf(path: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>();
  const file = SOURCES.get(path);
  if (file === undefined || seen.has(path)) return packages;
  seen.add(path);
  const loading = file.code.matchAll(/^(?:import|export)\b(?!\s+type\b)[^;]*?\bfrom\s+'([^']+)'/gm);
  for (const [, specifier = ''] of loading) {
    const imported = importedPath(file, specifier);
    if (imported === undefined) packages.add(specifier);
    else for (const name of packagesOf(imported, seen)) packages.add(name);
  }
  return packages;
}

it('is started by a writer and a reader', () => {
  expect(THREADS.length).toBeGreaterThanOrEqual(2);
});

it.each(THREADS)('%s loads SQLite, and neither XState nor Kysely', (thread) => {
  const packages = [...packagesOf(thread)].filter((name) => !name.startsWith('node:'));
  expect(packages).toEqual(['better-sqlite3']);
});
