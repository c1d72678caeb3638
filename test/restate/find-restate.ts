/**
 * Where the Restate server of the tests is: the one that BACKSTEP_TEST_RESTATE names, else the one
 * that `npm test` fetched.
 *
 * `BACKSTEP_TEST_RESTATE` is the path of the program `restate-server`, or `off`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type FetchedPackage, homeOf } from '../fetched-package.ts';

/** Static binaries of npm; the package runs no script and depends on nothing. */
export const RESTATE_PACKAGE: FetchedPackage = {
  title: 'Restate',
  namePrefix: '@restatedev/restate-server-',
  version: '1.7.12',
  hashes: {
    'linux-x64':
      'sha512-URotJ1AIqaSCDkRMl4OrQfTLH+NYuOZb3ZsP7wxxiuAB6pncgPhTUYSvegTF5PTrAShnNyHNpju9kjf2O3QxoA==',
    'linux-arm64':
      'sha512-aV7YxWvPhp88MjQtObGDhDCTwCBa68wwZOAMmJqDreO0auHYuSfOqabEx4I90coZsx3zShNusppbTPKprOa+dw==',
    'darwin-x64':
      'sha512-ZRS1kk3S4pzIiup2IRRQ3eHoKJSZ43FG4rDe7UbGFWwZ/Yz0xSDa4/3/kiuwaMHXWs/CsKtJe0shx8JCR0DO1g==',
    'darwin-arm64':
      'sha512-pHrZMaaeBJxXTgI19WG/aJvxuUDQ2nhSDEEJVseTZQiTEdJ7hboPlhvYacgXIE2iMnLMmWkN5XIlXqosHK8Byg==',
  },
};

export const RESTATE_CURE =
  'The tests need a Restate server: let `npm test` fetch it, name the program in ' +
  'BACKSTEP_TEST_RESTATE, or leave out what needs it with BACKSTEP_TEST_RESTATE=off';

/** Whether tests that need Restate were switched off by name. */
export function isSwitchedOff(env: NodeJS.ProcessEnv): boolean {
  return env['BACKSTEP_TEST_RESTATE'] === 'off';
}

/** The program; `null` where there is none. Throws when BACKSTEP_TEST_RESTATE names none. */
export function findRestate(env: NodeJS.ProcessEnv): string | null {
  const chosen = env['BACKSTEP_TEST_RESTATE'] ?? '';
  if (chosen !== '' && chosen !== 'off') {
    if (existsSync(chosen)) return chosen;
    throw new Error(`BACKSTEP_TEST_RESTATE is ${chosen}, where nothing is. ${RESTATE_CURE}.`);
  }
  const fetched = join(homeOf(RESTATE_PACKAGE), 'bin/restate-server');
  return existsSync(fetched) ? fetched : null;
}
