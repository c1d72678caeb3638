/** Packages that a program brings itself: loaded when they are needed, asked for when they lack. */
import { BackstepError } from './errors.ts';

/**
 * Loads a module that needs a package which is not among Backstep's own dependencies. Throws
 * `storage-refused` where it is not installed, saying what to install.
 */
export async function loadWithPackage<Module>(
  load: () => Promise<Module>,
  needed: { readonly by: string; readonly name: string },
): Promise<Module> {
  try {
    return await load();
  } catch (thrown) {
    const { by, name } = needed;
    if (!isMissing(thrown, name)) throw thrown;
    const message = `${by} needs the package ${name}, which is not installed; run: npm install ${name}`;
    throw new BackstepError('storage-refused', message, { cause: thrown });
  }
}

function isMissing(thrown: unknown, name: string): boolean {
  return (
    thrown instanceof Error &&
    Reflect.get(thrown, 'code') === 'ERR_MODULE_NOT_FOUND' &&
    thrown.message.includes(`'${name}'`)
  );
}
