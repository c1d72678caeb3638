/**
 * The entry of `npm start`: checks the version of Node, then starts the launcher.
 *
 * Plain JavaScript without imports of our own before the check: an older Node cannot read
 * TypeScript, and the SQLite binding takes such a process down without a message.
 */
import { fileURLToPath } from 'node:url';

const MINIMUM = { major: 22, minor: 12 };
const CURE = 'run it with npm start, which brings its own';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isTooOld = major < MINIMUM.major || (major === MINIMUM.major && minor < MINIMUM.minor);

if (isTooOld) {
  console.error(
    `Backstep needs Node ${MINIMUM.major}.${MINIMUM.minor} or newer; ` +
      `this is v${process.versions.node}; ${CURE}.`,
  );
  process.exit(1);
}

// Between 22.12 and 22.18 Node is new enough for Backstep but not for TypeScript as it stands.
if (!process.features.typescript) {
  console.error(
    `Backstep needs Node 22.18 or newer to run from source; ` +
      `this is v${process.versions.node}; ${CURE}.`,
  );
  process.exit(1);
}

const { launch } = await import('./launcher.ts');

process.exitCode = await launch({
  serverPath: fileURLToPath(new URL('./main.ts', import.meta.url)),
  providerPath: fileURLToPath(new URL('../actors/payment-provider.ts', import.meta.url)),
});
