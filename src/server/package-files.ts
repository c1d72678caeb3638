/**
 * Where this package is, run from the repository or from its build.
 */
import { existsSync } from 'node:fs';

/** Up from this file: two folders in the repository, one more in the build. */
const ROOTS = [new URL('../../', import.meta.url), new URL('../../../', import.meta.url)];

/** A file of the package, by its path in it. Throws where the package has none. */
export function packageFile(path: string): URL {
  const root = ROOTS.find((folder) => existsSync(new URL('package.json', folder)));
  if (root === undefined) throw new Error('this package has no package.json');
  return new URL(path, root);
}
