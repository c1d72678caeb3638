/** Runs XState's own tests with both XState and Backstep over the checkout's sources; see run.ts. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const core = process.env['BACKSTEP_XSTATE_CORE'] ?? '';
const examples = process.env['BACKSTEP_XSTATE_EXAMPLES'];

const HERE = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/**
 * XState's converter of SCXML changes the events of states after the machine was made, which is
 * refused; here the config says the same.
 */
const scxml: Plugin = {
  name: 'events-of-scxml',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/src/scxml.ts')) return undefined;
    return `${code
      .replace('appendWildcards(machine.root);', '')
      .replace(
        "...toConfig(machineElement, '(machine)')",
        "...widened(toConfig(machineElement, '(machine)'))",
      )}
      const widen = (name) => name === '' || name === '*' || name.endsWith('.*') ? name : name + '.*';
      const mapped = (of, change) => of && Object.fromEntries(Object.entries(of).map(change));
      const widened = (config) => ({
        ...config,
        on: mapped(config.on, ([name, then]) => [widen(name), then]),
        states: mapped(config.states, ([name, state]) => [name, widened(state)]),
      });`;
  },
};

/** XState by its name is the checkout's; for its examples, which import it so, it is watched. */
const xstate: Plugin = {
  name: 'xstate-by-name',
  enforce: 'pre',
  resolveId(source, importer = '') {
    if (source !== 'xstate') return undefined;
    const isExample = examples !== undefined && importer.startsWith(examples);
    return isExample ? HERE('watched.ts') : `${core}/src/index.ts`;
  },
};

export default defineConfig({
  root: core,
  plugins: [scxml, xstate],
  resolve: {
    alias: [
      { find: /^(\.\.\/)+src(\/index(\.ts)?)?$/, replacement: HERE('watched.ts') },
      { find: /^xstate\/guards$/, replacement: `${core}/src/guards.ts` },
    ],
  },
  test: {
    globals: true,
    setupFiles: [HERE('setup.ts')],
    include: [examples === undefined ? 'test/**/*.test.ts' : HERE('examples.ts')],
    exclude: ['test/**/*types.test.ts'],
    execArgv: ['--conditions=development'],
    hookTimeout: 3_600_000,
  },
});
