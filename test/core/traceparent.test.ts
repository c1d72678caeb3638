import { describe, expect, it } from 'vitest';
import { partsOfTraceparent, readTraceparent } from '../../src/core/traceparent.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SOUND = `00-${TRACE}-${SPAN}-01`;

describe('a traceparent', () => {
  it('is taken as it is, with its parts', () => {
    expect(readTraceparent(SOUND)).toBe(SOUND);
    expect(partsOfTraceparent(SOUND)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
    expect(partsOfTraceparent(`00-${TRACE}-${SPAN}-a3`).flags).toBe(0xa3);
  });

  it('of a later version is taken as far as version 00 knows it', () => {
    expect(readTraceparent(`cc-${TRACE}-${SPAN}-01`)).toBe(SOUND);
    expect(readTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`)).toBe(SOUND);
  });

  it.each([
    ['nothing', ''],
    ['the version that is forbidden', `ff-${TRACE}-${SPAN}-01`],
    ['version 00 with more', `${SOUND}-more`],
    ['more without a dash', `cc-${TRACE}-${SPAN}-01.more`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', SOUND.toUpperCase()],
    ['a digit too few', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a digit too many', `00-${TRACE}0-${SPAN}-01`],
    ['blanks', ` ${SOUND}`],
    ['a line more', `${SOUND}\n`],
    ['two of them', `${SOUND},${SOUND}`],
  ])('is none that has %s', (_, text) => {
    expect(readTraceparent(text)).toBeNull();
  });
});
