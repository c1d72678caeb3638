/**
 * Whether it all adds up: one box per statement about the whole system, with its figures.
 */
import { html } from 'hono/html';
import type { Html } from '../frame/html.ts';
import { moneyInWords } from './money.ts';

const MINOR_PER_MAJOR = 100;

/** A statement about the whole system, and whether it is true. */
export interface Invariant {
  readonly name: string;
  /** For example `initial = on hand + reserved + shipped`. Those of one statement share a box. */
  readonly statement: string;
  /** Null: it could not be told just now. */
  readonly holds: boolean | null;
  readonly expected: number | null;
  readonly actual: number | null;
  /** What the figures count; money is in minor units. Default: pieces. */
  readonly unit?: 'pieces' | 'money';
  /** Of money, ISO 4217; `null`: in several, or none so far. */
  readonly currency?: string | null;
  /** True: it is off only because sagas are under way. Default false. */
  readonly isSettling?: boolean;
}

/** One box per statement: it holds when it holds everywhere. */
export function invariantBoxes(invariants: readonly Invariant[]): Html {
  const groups = Map.groupBy(invariants, ({ statement }) => statement);
  return html`<ul class="invariants">
    ${[...groups].map(([statement, group]) => invariantBox(statement, group))}
  </ul>`;
}

function invariantBox(statement: string, group: readonly Invariant[]): Html {
  const broken = group.filter(({ holds }) => holds === false);
  const settling = broken.every(({ isSettling }) => isSettling === true);
  const [tone, icon, words] =
    broken.length > 0
      ? settling
        ? ['busy', '◷', 'not settled yet']
        : ['bad', '✗', 'broken']
      : group.some(({ holds }) => holds === null)
        ? ['calm', '?', 'cannot be told now']
        : ['good', '✓', 'holds'];
  return html`<li class="invariant tone-${tone}">
    <span class="icon" aria-hidden="true">${icon}</span> <b>${words}</b>: ${statement}
    ${figuresOf(group, broken).map((line) => html`<span class="quiet">${line}</span>`)}
  </li>`;
}

/** What was compared: the two sides where there is one pair, else those that differ. */
function figuresOf(group: readonly Invariant[], broken: readonly Invariant[]): readonly string[] {
  if (broken.length > 0) {
    return broken.map(
      (one) => `${one.name}: ${sideOf(one, 'expected')} expected, ${sideOf(one, 'actual')} found`,
    );
  }
  const [only] = group;
  if (only === undefined || group.some(({ holds }) => holds === null)) return [];
  return [
    group.length === 1 ? `${sideOf(only, 'actual')} on both sides` : `for all ${group.length}`,
  ];
}

function sideOf(invariant: Invariant, side: 'expected' | 'actual'): string {
  const figure = invariant[side];
  if (figure === null) return '?';
  return invariant.unit === 'money'
    ? moneyInWords(figure / MINOR_PER_MAJOR, invariant.currency ?? null)
    : figure.toLocaleString('en');
}
