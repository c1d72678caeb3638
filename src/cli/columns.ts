/**
 * Lists and facts as columns of text, and times as people read them.
 */
import { shownText } from './terminal.ts';

/** Longest text of a cell; the rest is cut, `--json` has it. */
const MAX_CELL = 60;

/**
 * Rows under their headings, each column as wide as its widest cell. `look`: colours a cell.
 * `maxCell`: where what is cut would be missed.
 */
export function columns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  look: (cell: string, column: number) => string = (cell) => cell,
  maxCell: number = MAX_CELL,
): readonly string[] {
  const shown = rows.map((row) => row.map((cell) => cut(shownText(cell), maxCell)));
  const widths = headings.map((heading, column) =>
    shown.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), heading.length),
  );
  const lineOf = (row: readonly string[], paint: typeof look): string =>
    row
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - cell.length);
        return `${paint(cell, column)}${gap}`;
      })
      .join('  ')
      .trimEnd();
  return [lineOf(headings, (cell) => cell), ...shown.map((row) => lineOf(row, look))];
}

/** Facts under each other, those without a value left out. */
export function facts(pairs: readonly (readonly [string, string | null])[]): readonly string[] {
  const given = pairs.flatMap(([name, value]) =>
    value === null || value === '' ? [] : ([[name, value]] as const),
  );
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** `3 min ago`, or `in 5 s` for a time to come; a dash for none. */
export function agoText(iso: string | null, nowMs: number): string {
  if (iso === null) return '-';
  const ms = nowMs - Date.parse(iso);
  return ms < 0 ? `in ${spanText(-ms)}` : `${spanText(ms)} ago`;
}

/** A span in the unit that reads best; begun units do not count. */
export function spanText(ms: number): string {
  const [unitMs, unit] = UNITS.find(([each]) => ms >= each) ?? [1, 'ms'];
  return `${Math.floor(ms / unitMs)} ${unit}`;
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

function cut(cell: string, maxCell: number): string {
  return cell.length > maxCell ? `${cell.slice(0, maxCell - 1)}…` : cell;
}
