/** Long results stand in the journal alone: the stored state leaves them out and loses nothing. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import {
  decodeState,
  encodeState,
  encodeWhole,
  parseStored,
} from '../../../src/core/history/codec.ts';
import { lengthInJournal } from '../../../src/core/history/from-journal.ts';
import { type ResultLine, wantingIn } from '../../../src/core/history/with-results.ts';
import { storedTextOf } from '../../../src/core/history/replay.ts';
import { Journaled } from './journaled-saga.ts';

type Work = Record<'first' | 'second' | 'again' | 'check' | 'undo', (input: unknown) => unknown>;
const input = (): null => null;
const undo = { activity: 'undo', input } as const;

const saga = defineSaga({ id: 'bulky', input: z.any(), activities: {} as Work })
  .step('first', { input, compensate: undo })
  .repeat('rounds', {
    atMost: 3,
    while: ({ round }) => round <= 2,
    steps: (part) =>
      part.step('again', { input, compensate: undo }).step('check', { input, compensate: undo }),
  })
  .step('second', { input, compensate: undo })
  .build();

const LONG = { body: 'x'.repeat(300) };
const SHORT = { body: 'x'.repeat(30) };

const start = (): Journaled => new Journaled(saga, {});

function linesOf(journaled: Journaled): ResultLine[] {
  return journaled.journal.map(({ sagaSeq, cause, inbound }) => ({
    sagaSeq,
    cause,
    data: JSON.stringify({ inbound }),
  }));
}

/** What a store gives back of what it was given. */
function wholeOf(journaled: Journaled): string {
  const text = encodeState(journaled.state);
  const wanting = wantingIn(text);
  return wanting === null ? text : (wanting.with(linesOf(journaled)) ?? 'nothing');
}

describe('a long result', () => {
  test('is left to the journal line that brought it, in every turn after', () => {
    const journaled = start().done('first', LONG);
    for (const next of ['again', 'check', 'again']) {
      expect(encodeState(journaled.state)).not.toContain(LONG.body);
      expect(wantingIn(encodeState(journaled.state))?.sagaSeqs).toEqual([2]);
      journaled.done(next, SHORT);
    }
  });

  test('is there again, in its place, once the state is read with the journal', () => {
    const journaled = start().done('first', LONG).done('again', SHORT);
    const read = decodeState(saga, 'saga-1', wholeOf(journaled));
    expect(JSON.stringify(read.snapshot.context)).toBe(
      JSON.stringify(journaled.state.snapshot.context),
    );
    expect(wholeOf(journaled)).toBe(encodeWhole(journaled.state));
    expect(encodeState(read)).toBe(encodeState(journaled.state));
  });

  test('counts for the bound of a state with its length', () => {
    const journaled = start().done('first', LONG);
    expect(lengthInJournal(journaled.state)).toBe(JSON.stringify(LONG).length);
  });

  test('of a round that is over is the state’s own: no line has the list of rounds', () => {
    const journaled = start().done('first', SHORT).done('again', LONG);
    expect(encodeState(journaled.state)).not.toContain('xxx'.repeat(20));
    journaled.done('check', SHORT);
    expect(wantingIn(encodeState(journaled.state))).toBeNull();
    expect(encodeState(journaled.state)).toContain(LONG.body);
    journaled.done('again', LONG).done('check', SHORT).done('second', LONG);
    expect(wholeOf(journaled)).toBe(encodeWhole(journaled.state));
  });

  test('gives the same text when the journal is replayed', () => {
    const journaled = start().done('first', LONG).done('again', SHORT).done('check', LONG);
    expect(storedTextOf(journaled.replayed())).toBe(encodeState(journaled.state));
  });
});

test('a short result is repeated, and a state without long ones stands alone', () => {
  const journaled = start().done('first', SHORT);
  expect(wantingIn(encodeState(journaled.state))).toBeNull();
  expect(encodeState(journaled.state)).toBe(encodeWhole(journaled.state));
  expect(lengthInJournal(journaled.state)).toBe(0);
});

describe('nothing comes out, and the text is told as unreadable', () => {
  const journaled = start().done('first', LONG);
  const text = encodeState(journaled.state);
  const [begun, result] = linesOf(journaled);

  test.each<[string, readonly (ResultLine | undefined)[]]>([
    ['the line is missing', [begun]],
    ['the line is no JSON', [begun, result && { ...result, data: '{"inbound' }]],
    ['the line brought something else', [begun, begun && { ...begun, sagaSeq: 2 }]],
    ['a later version wrote the line', [begun, result && { ...result, format: 99 }]],
  ])('where %s', (_, lines) => {
    expect(wantingIn(text)?.with(lines.filter((line) => line !== undefined))).toBeNull();
    expect(() => parseStored('saga-1', text)).toThrow(/has results in its journal/);
  });
});
