/** What each error of SQLite is taken for. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { MESSAGES_PER_TURN } from '../../src/core/live.ts';
import { outboxId } from '../../src/store/outbox-id.ts';
import { toStorageFault } from '../../src/store/storage-fault.ts';

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

describe('the id of an emitted event', () => {
  it('grows with the journal and with the position, which is bounded', () => {
    expect([outboxId(1, 0), outboxId(1, 15), outboxId(2, 0)]).toEqual([16, 31, 32]);
    for (const position of [-1, MESSAGES_PER_TURN, 0.5]) {
      expect(() => outboxId(1, position)).toThrow(RangeError);
    }
  });
});
