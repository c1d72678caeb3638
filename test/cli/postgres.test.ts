/** Commands that read a database of PostgreSQL without a server. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { openBackstep } from '../../src/index.ts';
import { notes } from '../client/notes-program.ts';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import { jsonOf, typed } from './typed-commands.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const MODULE = fileURLToPath(new URL('../client/notes-program.ts', import.meta.url));

describeOnPostgres('--db with a URL', () => {
  test('reads beside the owner, proposes no order, and never shows the password', async () => {
    const { tcpUrl } = await migratedDatabase();
    const { password } = new URL(tcpUrl);
    expect(password).not.toBe('');
    const backstep = await openBackstep({ database: tcpUrl });
    try {
      backstep.register(notes, { activities: {} });
      await backstep.start();
      const { id } = await backstep.spawn(notes, { input: { name: 'kept' }, key: 'kept' });
      const at = ['--db', tcpUrl];
      expect(jsonOf(await typed(['ls', '--json', ...at]))).toMatchObject({ items: [{ id }] });
      for (const args of [
        ['show', id],
        ['why', id],
        ['history', id],
      ]) {
        const { code, out, err } = await typed([...args, ...at, '--module', MODULE]);
        expect({ code, args }).toEqual({ code: 0, args });
        expect(out).toContain(args[0] === 'history' ? 'start' : id);
        expect(err).toContain(':***@');
        expect(`${out}${err}`).not.toContain(password);
        expect(err).not.toContain('backstep send');
      }
    } finally {
      await backstep.stop({ within: 0 });
    }
  });

  // In this process connections of others would keep it, and hide that the command waits in vain.
  test('a command that only reads ends by itself, with its exit code', async () => {
    const { tcpUrl } = await migratedDatabase();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [CLI, 'stats', '--json', '--db', tcpUrl],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ sagas: { total: 0 } });
  });
});
