/**
 * The entry of `npm start` and `npm run start:workers`: checks the version of Node, then starts the
 * launcher.
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

if (process.argv[2] === 'workers') {
  const { launchWorkers } = await import('./restate/launch-workers.ts');
  process.exitCode = await launchWorkers();
} else {
  const { launch } = await import('./launcher.ts');
  process.exitCode = await launch({
    serverPath: fileURLToPath(new URL('./main.ts', import.meta.url)),
    providerPath: fileURLToPath(
      new URL('../../actors/payment/payment-provider.ts', import.meta.url),
    ),
  });
}
