/** One file under two names, and two copies of the package in one process: never two owners. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mountFile } from '../../hazards/small-disk.ts';
import { startOwner } from './owner-process.ts';
import { openTestStore, startOf, temporaryDatabase, temporaryFolder } from '../store-fixture.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

async function expectRefusal(path: string, why: RegExp): Promise<void> {
  const opening = openTestStore({ path });
  await expect(opening).rejects.toMatchObject({ code: 'storage-refused' });
  await expect(opening).rejects.toThrow(why);
}

async function closedDatabase(): Promise<string> {
  const path = temporaryDatabase();
  const store = await openTestStore({ path });
  await store.commit(startOf(1));
  await store.close();
  return path;
}

describe('a database with a second name', () => {
  it('that is a hard link is refused by both, and taken again once that is gone', async () => {
    const path = await closedDatabase();
    const other = join(temporaryFolder(), 'link.db');
    linkSync(path, other);
    for (const name of [path, other]) await expectRefusal(name, /it has 2 names \(hard links\)/);
    rmSync(other);
    expect((await (await openTestStore({ path })).own()).lastSid).toBe(1);
  });

  it('that is a mount of the single file is refused by that name', async ({ skip }) => {
    const path = await closedDatabase();
    const other = join(temporaryFolder(), 'a mount ü.db');
    writeFileSync(other, '');
    const unmount = mountFile(path, other);
    if (typeof unmount === 'string') return skip(unmount);
    onTestFinished(unmount);
    await expectRefusal(other, /mounted as a single file.*mount the folder/);
    expect((await (await openTestStore({ path })).own()).lastSid).toBe(1);
  });

  it('that it was given while a process has it open is refused as long as that lives', async () => {
    const path = temporaryDatabase();
    const owner = await startOwner(path, 'idle');
    const moved = `${path}.moved`;
    renameSync(path, moved);
    await expectRefusal(moved, /has this very file open by a name that it had before/);
    renameSync(moved, path);
    await owner.kill();
    await openTestStore({ path });
  });

  it('that is a copy is another database', async () => {
    const path = await closedDatabase();
    await openTestStore({ path });
    const copy = join(temporaryFolder(), 'copy.db');
    copyFileSync(path, copy);
    expect((await (await openTestStore({ path: copy })).own()).lastSid).toBe(1);
  });
});

describe('the log of a database', () => {
  it.each(['-wal', '-shm'])('that lies elsewhere (%s) is refused', async (suffix) => {
    const path = await closedDatabase();
    const elsewhere = join(temporaryFolder(), 'log');
    writeFileSync(elsewhere, '');
    symlinkSync(elsewhere, `${path}${suffix}`);
    await expectRefusal(path, /it is a link to another place.*beside its database/);
    rmSync(`${path}${suffix}`);
    linkSync(elsewhere, `${path}${suffix}`);
    await expectRefusal(path, /it has 2 names/);
  });
});

describe('two copies of the package in one process', () => {
  it('with an SQLite each never own one file at once', () => {
    const folder = temporaryFolder();
    for (const part of ['src', 'migrations', 'package.json']) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of ['kysely', 'xstate']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    const driver = join('node_modules', 'better-sqlite3');
    cpSync(join(ROOT, driver), join(folder, driver), {
      recursive: true,
      filter: (path) => !/better-sqlite3\/(deps|src)/.test(path),
    });
    const program = join(folder, 'both.mjs');
    const moduleOf = (root: string): string =>
      pathToFileURL(join(root, 'src/store/sqlite/open-store.ts')).href;
    writeFileSync(
      program,
      `const [one, two] = await Promise.all([
        import(${JSON.stringify(moduleOf(ROOT))}), import(${JSON.stringify(moduleOf(folder))})]);
      const path = ${JSON.stringify(join(folder, 'both.db'))};
      const first = await one.openStore({ path, lockWaitMs: 0 });
      const second = await two.openStore({ path, lockWaitMs: 0 }).catch((error) => error.message);
      await first.close();
      const third = await two.openStore({ path, lockWaitMs: 0 });
      await third.close();
      console.log(typeof second === 'string' ? second : 'both own it');`,
    );
    const said = execFileSync(process.execPath, ['--no-warnings', program], { encoding: 'utf8' });
    expect(said).toMatch(/this process owns this database already/);
  });
});
