/**
 * Where the browser of the tests is: the one that CHROMIUM_PATH names, else one of the system.
 *
 * Without a browser the tests fail and say what to do; they are never skipped.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** What the packages of the usual systems call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Where macOS and Debian's packages put it, whatever PATH says. */
const PLACES = [
  '/usr/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
/** As a test machine needs it: no sandbox in containers, no traffic of the browser's own. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const CURE =
  'The browser tests need a Chromium: install it (Debian: apt-get install -y chromium) ' +
  'or set CHROMIUM_PATH to one';

/** The browser's program; `null` when there is none. Throws when CHROMIUM_PATH names none. */
export function findChromium(env: NodeJS.ProcessEnv): string | null {
  const chosen = env['CHROMIUM_PATH'];
  if (chosen !== undefined && chosen !== '') {
    if (isProgram(chosen)) return chosen;
    throw new Error(`CHROMIUM_PATH is ${chosen}, which is no program. ${CURE}.`);
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...onPath, ...PLACES].find(isProgram) ?? null;
}

/** Starts the browser; whoever starts it closes it. Throws with the cure when there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium(process.env);
  if (executablePath === null) throw new Error(`${CURE}.`);
  return chromium.launch({ executablePath, args: FLAGS });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
