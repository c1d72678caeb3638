/** What a program loads that imports the client: it must run in a browser, and start at once. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = new URL('../../src/', import.meta.url).href;

test('the door of the client loads nothing of the engine, no package and nothing of Node', () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({
      load(url, context, next) {
        loaded.push(url);
        return next(url, context);
      },
    });
    await import('${SRC}client.ts');
    console.log(JSON.stringify(loaded));`;
  const args = ['--input-type=module', '--eval', program];
  const cwd = fileURLToPath(SRC);
  const out = execFileSync(process.execPath, args, { cwd, encoding: 'utf8' });
  const loaded = JSON.parse(out) as readonly string[];
  expect(loaded.length).toBeGreaterThan(5);
  const others = loaded.filter((url) => !/^client(\/|\.ts)/.test(url.replace(SRC, '')));
  const core = ['duration', 'errors', 'status'].map((name) => `${SRC}core/${name}.ts`);
  expect(others.toSorted()).toEqual(core);
});
