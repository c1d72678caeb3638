/** Copies and compactions whose process is killed at each point where it tells how far it is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { startOwner } from '../../store/sqlite/owner-process.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';

const PROGRAM = fileURLToPath(new URL('./copy-process.ts', import.meta.url));
const KILLS_MS = 300_000;

async function killedAt(nth: number, args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, ...args, String(nth)], { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') expect(code).toBe(0);
  return signal === 'SIGKILL';
}

function entriesIn(path: string): unknown {
  const db = new Database(path);
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare('SELECT count(*) FROM journal').pluck().get();
  } finally {
    db.close(); // a restore is refused while anybody has it open
  }
}

test(
  'a killed backup has no name, and a killed restore leaves the old database, its log included',
  async () => {
    const database = temporaryDatabase();
    const owner = await startOwner(database, 'busy');
    await owner.printed(100);
    await owner.kill();
    const backup = join(dirname(database), 'backup.db');
    let kills = 0;
    for (let nth = 1; await killedAt(nth, ['backup', database, backup]); nth *= 3) {
      kills += 1;
      expect(existsSync(backup)).toBe(false);
    }
    const copied = entriesIn(backup);
    const parts = () => readdirSync(dirname(database)).filter((name) => name.includes('.part'));
    expect(parts()).toEqual([]);
    const next = await startOwner(database, 'busy');
    await next.printed(100);
    await next.kill();
    const original = join(dirname(database), 'original.db');
    for (const suffix of ['', '-wal']) copyFileSync(database + suffix, original + suffix);
    const before = entriesIn(original);
    expect(before).not.toBe(copied);
    for (let nth = 1; await killedAt(nth, ['restore', backup, database]); nth *= 3) {
      kills += 1;
      expect(entriesIn(database)).toBe(before);
    }
    expect(entriesIn(database)).toBe(copied);
    expect(parts()).toEqual([]);
    expect(kills).toBeGreaterThan(3);
  },
  KILLS_MS,
);

test(
  'a killed compaction leaves the database as it was, and the next one gives its room back',
  async () => {
    const database = temporaryDatabase();
    const owner = await startOwner(database, 'busy');
    await owner.printed(100);
    await owner.kill();
    const before = entriesIn(database);
    const db = new Database(database);
    db.exec(`CREATE TABLE mine (text TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
        INSERT INTO mine SELECT printf('%d %.1000c', i, 'x') FROM n;
      DELETE FROM mine WHERE rowid % 4 = 0`);
    db.close();
    const { size } = statSync(database);
    let kills = 0;
    while (await killedAt(kills + 1, ['compact', database, ''])) {
      kills += 1;
      expect(entriesIn(database)).toBe(before);
    }
    expect(kills).toBeGreaterThan(1);
    expect(entriesIn(database)).toBe(before);
    expect(statSync(database).size).toBeLessThan(size * 0.9);
    const owned = await startOwner(database, 'busy');
    await owned.printed(10);
    await owned.kill();
  },
  KILLS_MS,
);
