/**
 * Installs the browser of the tests where there is none and the system is Debian's, before
 * `npm test`. Where it cannot, the browser tests fail later and say what to do.
 */
import { execFileSync } from 'node:child_process';
import { findChromium } from './chromium.ts';

if (findChromium(process.env) === null) {
  process.stderr.write('No Chromium found: installing it for the browser tests.\n');
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
    const packages = ['chromium', 'fonts-dejavu-core'];
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`It could not be installed (${reason}).\n`);
  }
}
