/**
 * The entry of `npm start`: checks the version of Node, then starts the launcher.
 *
 * Plain JavaScript, for the reasons that `node-version.js` gives.
 */
import { fileURLToPath } from 'node:url';
import { nodeRefusal } from '../node-version.js';

const refusal = nodeRefusal({
  isSource: true,
  cure: 'run it with npm start, which brings its own',
});
if (refusal !== undefined) {
  console.error(refusal);
  process.exit(1);
}

const { launch } = await import('./launcher.ts');

process.exitCode = await launch({
  serverPath: fileURLToPath(new URL('./main.ts', import.meta.url)),
  providerPath: fileURLToPath(new URL('../../actors/payment/payment-provider.ts', import.meta.url)),
});
