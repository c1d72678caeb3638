import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const START = fileURLToPath(new URL('../../src/demo/start.js', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../src/cli/command.js', import.meta.url));

/** Runs a script in a Node that says it is another one. */
function startUnder(version: string, script = START): { code: number; said: string } {
  const disguise = `Object.defineProperty(process, 'versions', {
    value: { ...process.versions, node: '${version}' },
  })`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  const run = spawnSync(process.execPath, ['--no-strip-types', '--import', preload, script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { code: run.status ?? -1, said: run.stdout + run.stderr };
}

describe('the start script', () => {
  it.each([
    ['20.20.2', '22.14'],
    ['22.13.1', '22.14'],
    ['23.5.0', '23.6'],
  ])('refuses Node %s in one line', (version, wanted) => {
    expect(startUnder(version)).toEqual({
      code: 1,
      said: `Backstep needs Node ${wanted} or newer; this is v${version}; run it with npm start, which brings its own.\n`,
    });
  });

  it('refuses a Node that cannot run TypeScript from source in one line', () => {
    expect(startUnder('22.17.1')).toEqual({
      code: 1,
      said: 'Backstep needs Node 22.18 or newer to run from source; this is v22.17.1; run it with npm start, which brings its own.\n',
    });
  });
});

describe('the command', () => {
  it.each([
    ['20.20.2', '22.14 or newer'],
    ['22.17.1', '22.18 or newer to run from source'],
  ])('refuses Node %s in one line', (version, wanted) => {
    expect(startUnder(version, COMMAND)).toEqual({
      code: 1,
      said: `Backstep needs Node ${wanted}; this is v${version}; update Node.\n`,
    });
  });
});
