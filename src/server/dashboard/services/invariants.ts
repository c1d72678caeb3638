/**
 * Whether it all adds up: one box per statement about the whole system, with its figures.
 */
import { html } from 'hono/html';
import type { Invariant } from '../../../demo/order/order-demo.ts';
import type { Html } from '../frame/html.ts';
import { moneyInWords } from './money.ts';

const MINOR_PER_MAJOR = 100;

/** One box per statement: it holds when it holds everywhere. */
export function invariantBoxes(invariants: readonly Invariant[], isAtRest: boolean): Html {
  const groups = Map.groupBy(invariants, ({ statement }) => statement);
  return html`<ul class="invariants">
    ${[...groups].map(([statement, group]) => invariantBox(statement, group, isAtRest))}
  </ul>`;
}

function invariantBox(statement: string, group: readonly Invariant[], isAtRest: boolean): Html {
  const broken = group.filter(({ holds }) => holds === false);
  const settling = !isAtRest && broken.every(({ isExactAtRestOnly }) => isExactAtRestOnly);
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
