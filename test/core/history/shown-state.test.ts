import { describe, expect, it } from 'vitest';
import { orderSaga } from '../../fixtures/order-saga.ts';
import { encodeState } from '../../../src/core/history/codec.ts';
import { createRedact } from '../../../src/core/secrets/redact.ts';
import { replay, recordOfLine } from '../../../src/core/history/replay.ts';
import { shownData, shownState } from '../../../src/core/history/shown-state.ts';
import { Journaled } from './journaled-saga.ts';
import { BUSY, ORDER } from '../turn/saga-driver.ts';

const redact = createRedact((name) => name === 'customerEmail');

describe('a shown journal', () => {
  it('replays like the stored one, its engine’s own numbers included', () => {
    const saga = new Journaled(orderSaga, ORDER).fail('reserveInventory', BUSY);
    const lines = saga.journal.map((record) => {
      const { inbound, note, ...line } = record;
      const data = JSON.stringify({ inbound, ...(note === undefined ? {} : { note }) });
      return { ...line, data };
    });
    const shown = lines.map((line) => ({ ...line, data: shownData(line, redact) }));
    expect(JSON.stringify(shown)).not.toContain(ORDER.customerEmail);
    const { turns, flaw } = replay(orderSaga, 'saga-1', shown.map(recordOfLine));
    expect(flaw).toBeNull();
    expect(turns).toHaveLength(lines.length);
  });

  it.each([
    '{"inbound":{"kind":"result","password":"hunter2"}}',
    '{"inbound":{"kind":"result","outcome":null,"password":"hunter2"}}',
    '{"inbound":{"kind":"event"},"x":"password=hunter2"}',
    'password=hunter2',
  ])('shows a line that was damaged without its secrets: %s', (data) => {
    const at = { sagaSeq: 2, atMs: 1, from: null, to: 'x', status: 'running' } as const;
    const line = { ...at, kind: 'transition', cause: 'result', event: 'e', data } as const;
    expect(shownData(line, redact)).not.toContain('hunter2');
  });
});

describe('a shown state', () => {
  it('hides what it carries and decides what the stored one does', () => {
    const { state } = new Journaled(orderSaga, ORDER);
    const shown = shownState(state, redact);
    expect(encodeState(shown)).not.toContain(ORDER.customerEmail);
    for (const type of ['backstep.cancel', 'backstep.retry', 'nothing']) {
      expect(shown.snapshot.can({ type })).toBe(state.snapshot.can({ type }));
    }
    expect(encodeState(state)).toContain(ORDER.customerEmail);
  });
});
