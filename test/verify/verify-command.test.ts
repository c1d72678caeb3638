/** `backstep verify`, as a process. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { forgetful, sound, STEP } from '../fixtures/defective-sagas/forgetful.ts';
import { leisurely } from '../fixtures/defective-sagas/leisurely.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../fixtures/defective-sagas', import.meta.url));

function backstep(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: FIXTURES,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('backstep verify', () => {
  test('prints the finding with its path and ends with 1', () => {
    const { status, stdout } = backstep('verify', 'forgetful.ts');
    expect(status).toBe(1);
    expect(stdout).toContain('saga, version 1: nothing found in 19 states and 54 transitions');
    expect(stdout).toContain('saga, version 1: 1 error in 15 states and 40 transitions');
    expect(stdout).toContain(
      '  error left-uncompensated: A customer keeps the effect of step "hold"',
    );
    expect(stdout).toContain(
      '    the saga ends compensated in "compensated" but step "hold" is done',
    );
    expect(stdout).toContain('      charge: refused → refunding\n');
    expect(stdout).toContain('      refund: done → compensated\n');
    expect(stdout).toContain('    Cure: lead this path through "release"\n');
    // Within which bounds, and for which values.
    expect(stdout).toContain(
      'transitions, exhaustive within these bounds:\n  states: at most 20000',
    );
    expect(stdout).toContain('    output of "hold": {} (made up)\n');
  });

  test('gives the same as JSON, one for every saga that the module exports', () => {
    expect(STEP).toBeDefined();
    const { status, stdout } = backstep('verify', 'forgetful.ts', '--json');
    expect(status).toBe(1);
    // A module's exports come in the order of their names.
    expect(JSON.parse(stdout)).toEqual([verify(forgetful), verify(sound)]);
  });

  test('takes several modules, and a folder for all modules in it that export a saga', () => {
    const { stdout } = backstep('verify', 'leisurely.ts', '../../../machines', '--json');
    const verifications = JSON.parse(stdout) as { saga: string }[];
    const [first, ...others] = verifications.map(({ saga }) => saga);
    expect(first).toBe(leisurely.id);
    expect(others).toContain('order');
  });

  test('says clearly when the bound on states was reached', () => {
    const { stdout } = backstep('verify', 'leisurely.ts', '--max-states', '2');
    expect(stdout).toContain('NOT EXHAUSTIVE: there are more, and nothing is said of them');
    expect(stdout).toMatch(/not reached: \d+\n    state saga\./);
  });

  test('ends with 0 when there are only warnings', () => {
    const { status, stdout } = backstep('verify', 'leisurely.ts', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual([verify(leisurely)]);
    expect(verify(leisurely).findings).toHaveLength(1);
  });

  test.each([
    ['no module is named', [], "missing required argument 'module'"],
    ['the module is not there', ['nowhere.ts'], 'nowhere.ts: there is no such file'],
    ['the module exports no saga', ['handling.ts'], 'handling.ts exports no saga'],
    [
      'a bound makes no sense',
      ['forgetful.ts', '--max-states', 'x'],
      'Give a whole number from 1.',
    ],
    ['an option is unknown', ['forgetful.ts', '--jsn'], "unknown option '--jsn'"],
  ])('ends with 2 when %s', (_, args, says) => {
    const { status, stdout, stderr } = backstep('verify', ...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
  });
});
