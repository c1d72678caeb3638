import { describe, expect, it } from 'vitest';
import { keyedSagaId, messageKey } from '../../src/restate/keys.ts';

describe('the id of a keyed start', () => {
  it('is the same for ever, since it is where its saga is found again', () => {
    expect(keyedSagaId('order', 'A-1')).toBe('kh5yvg8d2yp69rgjwr2q93n82p');
  });

  it('is another for another key and for another type', () => {
    const ids = [
      keyedSagaId('order', 'a'),
      keyedSagaId('order', 'b'),
      keyedSagaId('trip', 'a'),
      keyedSagaId('ordera', ''),
      keyedSagaId('order', ''),
      keyedSagaId('order', 'a\0'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is a saga id like any other: 26 letters and digits that any URL takes as they are', () => {
    for (const key of ['', 'x'.repeat(255), 'ä/?#%', '😀']) {
      expect(keyedSagaId('order', key)).toMatch(/^k[0-9a-hjkmnp-tv-z]{25}$/);
    }
  });
});

describe('the key of a message', () => {
  it('is the same for the same message only', () => {
    expect(messageKey('s', 1, 23)).toBe(messageKey('s', 1, 23));
    expect(messageKey('s', 1, 23)).not.toBe(messageKey('s', 12, 3));
  });
});
