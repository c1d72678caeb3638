#!/usr/bin/env node
/**
 * The entry of the `backstep` command: checks the version of Node, then starts it.
 *
 * Plain JavaScript, for the reasons that `node-version.js` gives.
 */
import { existsSync } from 'node:fs';
import { nodeRefusal } from '../node-version.js';

const refusal = nodeRefusal({
  // In the published package the command is JavaScript.
  isSource: existsSync(new URL('./main.ts', import.meta.url)),
  cure: 'update Node',
});
if (refusal !== undefined) {
  console.error(refusal);
  process.exit(1);
}

await import('./main.ts');
