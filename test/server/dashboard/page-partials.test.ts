import { describe, expect, it } from 'vitest';
import { partialsFor } from '../../../src/server/live/page-partials.ts';
import type { Region } from '../../../src/server/live/page-region.ts';

const row = (id: string, html: string) => ({ id, html });
const list = (...rows: { id: string; html: string }[]): Region => ({
  id: 'rows',
  html: rows.map(({ html }) => html).join(''),
  rows,
});

describe('the update of a page', () => {
  it('is everything for a page that has nothing', () => {
    const { message } = partialsFor(new Map(), [{ id: 'a', html: '<p>1</p>' }]);
    expect(message).toBe('<hx-partial hx-target="#a" hx-swap="innerMorph"><p>1</p></hx-partial>');
  });

  it('is empty when nothing changed', () => {
    const regions = [{ id: 'a', html: '1' }, list(row('r1', 'x'))];
    const { shown } = partialsFor(new Map(), regions);
    expect(partialsFor(shown, regions).message).toBe('');
  });

  it('has only the rows that changed while their order is the same', () => {
    const { shown } = partialsFor(new Map(), [list(row('r1', 'x'), row('r2', 'y'))]);
    const { message } = partialsFor(shown, [list(row('r1', 'x'), row('r2', 'z'))]);
    expect(message).toBe('<hx-partial hx-target="#r2" hx-swap="outerMorph">z</hx-partial>');
  });

  it('has the whole list when a row is new, gone or elsewhere, or the list is empty', () => {
    const { shown } = partialsFor(new Map(), [list(row('r1', 'x'), row('r2', 'y'))]);
    for (const next of [
      list(row('r3', 'w'), row('r1', 'x')),
      list(row('r1', 'x')),
      list(row('r2', 'y'), row('r1', 'x')),
      { id: 'rows', html: 'none', rows: [] },
    ]) {
      const { message } = partialsFor(shown, [next]);
      expect(message).toMatch(/^<hx-partial hx-target="#rows" hx-swap="innerMorph">/);
    }
  });

  it('shows the list again after it was empty', () => {
    const full = [list(row('r1', 'x'))];
    const { shown } = partialsFor(partialsFor(new Map(), full).shown, [
      { id: 'rows', html: 'none', rows: [] },
    ]);
    expect(partialsFor(shown, full).message).not.toBe('');
  });
});
