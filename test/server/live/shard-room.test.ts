/** Ids and cursors of today are of shard 0, stay valid, and leave room for a mark of others. */
import { expect, test } from 'vitest';
import { isSchemaName } from '../../../src/core/database-target.ts';
import { sagaId } from '../../../src/host/starts/saga-id.ts';
import { FEED_CURSOR, feedCursor, placeOf } from '../../../src/server/live/feed-cursor.ts';
import { fromCursor, toCursor } from '../../../src/store/queries/cursor.ts';

const EPOCHS = [{ name: 'abcd-_12', afterSeq: 3 }];

test('what customers and clients keep is written as it always was', () => {
  const id = sagaId(Date.UTC(2026, 0, 2), new Uint8Array(16));
  expect(id).toBe('01kdy021000000000000000000');
  expect(toCursor('sagas', 12)).toBe('c2FnYXM6MTI');
  expect(fromCursor('sagas', 'c2FnYXM6MTI')).toBe(12);
  expect(feedCursor(EPOCHS, 12)).toBe('abcd-_12.12');
  expect(placeOf('abcd-_12.12', EPOCHS, 20)).toEqual({ seq: 12, isLost: false });
  expect(placeOf('12', EPOCHS, 20)).toEqual({ seq: 12, isLost: false });
});

test('nothing of today is what another shard could write', () => {
  const ids = [0, 1, 2 ** 48 - 1].map((ms) => sagaId(ms, new Uint8Array(16).fill(255)));
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
  for (const cursor of ['s0:12', 's0:12,s1:7', 's1.12', 'abcd-_12.12,7']) {
    expect(FEED_CURSOR.test(cursor)).toBe(false);
  }
  for (const text of ['s1:sagas:12', 'sagas:12,s1:7', 'sagas:s1:12']) {
    const cursor = Buffer.from(text).toString('base64url');
    expect(() => fromCursor('sagas', cursor)).toThrow('the cursor cannot be read');
  }
  expect(isSchemaName('x'.repeat(59))).toBe(true);
  expect(isSchemaName('x'.repeat(60))).toBe(false);
});
