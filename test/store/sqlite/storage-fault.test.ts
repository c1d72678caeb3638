/** What each error of SQLite is taken for. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { MESSAGES_PER_TURN } from '../../../src/core/turn/messages-per-turn.ts';
import { formerOutboxId, outboxId } from '../../../src/store/outbox-id.ts';
import { isPassingFault, toStorageFault } from '../../../src/store/sqlite/storage-fault.ts';

const faultOf = (code: string, phase: 'write' | 'commit') =>
  toStorageFault(new Database.SqliteError('why', code), phase).kind;

describe('an error of SQLite', () => {
  it.each([
    ['SQLITE_FULL', 'stalled', 'stalled'],
    ['SQLITE_BUSY', 'stalled', 'stalled'],
    ['SQLITE_BUSY_SNAPSHOT', 'stalled', 'stalled'],
    ['SQLITE_IOERR_WRITE', 'stalled', 'failed'],
    ['SQLITE_IOERR_FSYNC', 'stalled', 'failed'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'statement', 'failed'],
    ['SQLITE_ERROR', 'statement', 'failed'],
    ['SQLITE_CORRUPT', 'failed', 'failed'],
    ['SQLITE_NOTADB', 'failed', 'failed'],
    ['SQLITE_READONLY_DBMOVED', 'failed', 'failed'],
    ['SQLITE_SOMETHING_NEW', 'failed', 'failed'],
  ])('%s is %s at a write and %s at COMMIT', (code, atWrite, atCommit) => {
    expect(faultOf(code, 'write')).toBe(atWrite);
    expect(faultOf(code, 'commit')).toBe(atCommit);
  });

  it('is never a rejection at COMMIT, whatever was thrown', () => {
    expect(toStorageFault(new TypeError('bind'), 'write').kind).toBe('statement');
    expect(toStorageFault(new TypeError('bind'), 'commit').kind).toBe('failed');
    expect(toStorageFault(undefined, 'commit').kind).toBe('failed');
  });
});

describe('a spent quota, which SQLite reports as a write that failed', () => {
  it.each(['write', 'commit'] as const)('is a full disk at %s, and only that', (phase) => {
    const fault = (code: string, hasNoRoom: boolean) =>
      toStorageFault(new Database.SqliteError('why', code), phase, () => hasNoRoom);
    const full = { kind: 'stalled', isHardware: false };
    expect(fault('SQLITE_IOERR_WRITE', true)).toMatchObject(full);
    expect(fault('SQLITE_IOERR_WRITE', false)).not.toMatchObject(full);
    expect(fault('SQLITE_IOERR_FSYNC', true)).not.toMatchObject(full);
  });
});

describe('an error while a file is opened', () => {
  const system = (code: string) => Object.assign(new Error(code), { code });

  it('passes, or stays until a person mends it', () => {
    for (const code of ['SQLITE_IOERR_WRITE', 'SQLITE_IOERR_READ', 'SQLITE_FULL', 'SQLITE_NOMEM']) {
      expect([code, isPassingFault(new Database.SqliteError('why', code))]).toEqual([code, true]);
    }
    for (const code of ['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_READONLY', 'SQLITE_PERM']) {
      expect([code, isPassingFault(new Database.SqliteError('why', code))]).toEqual([code, false]);
    }
    for (const code of ['EDQUOT', 'ENOSPC', 'EIO', 'EMFILE']) {
      expect([code, isPassingFault(system(code))]).toEqual([code, true]);
    }
    // As Node tells of it, which has no name for a spent quota.
    const quota = Object.assign(new Error('Unknown system error -122'), { errno: -122 });
    if (process.platform === 'linux') expect(isPassingFault(quota)).toBe(true);
    for (const code of ['EACCES', 'ENOENT', 'ENOTDIR', 'EROFS', 'ELOOP', 'EISDIR']) {
      expect([code, isPassingFault(system(code))]).toEqual([code, false]);
    }
    expect([isPassingFault(new TypeError('bug')), isPassingFault(undefined)]).toEqual([
      false,
      false,
    ]);
  });
});

describe('the id of an emitted event', () => {
  it('grows with the journal and with the position, which is bounded', () => {
    const ids = [outboxId(1, 0), outboxId(1, 1), outboxId(1, 1_023), outboxId(2, 0)];
    expect(ids).toEqual([1_024, 1_025, 2_047, 2_048]);
    for (const position of [-1, MESSAGES_PER_TURN, 0.5]) {
      expect(() => outboxId(1, position)).toThrow(RangeError);
    }
  });

  it('is above every id that was stored while a turn had room for sixteen', () => {
    const lastOfTurn = MESSAGES_PER_TURN - 1;
    for (const seq of [1, 2, 63, 64, 1_000_000]) {
      expect(formerOutboxId(seq, lastOfTurn)).toBe(seq * 16 + 15);
      expect(outboxId(seq + 1, 0)).toBeGreaterThan(formerOutboxId(seq, lastOfTurn));
    }
  });

  it('is exact as long as a journal can be', () => {
    expect(Number.isSafeInteger(outboxId(8e12, MESSAGES_PER_TURN - 1))).toBe(true);
  });
});
