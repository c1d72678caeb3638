/**
 * A laid out statechart in its place on a page, and its lit states as a list: for screen readers,
 * and for the page's script, which lights the drawing by it.
 *
 * Pure. The drawing of a definition never changes; only the list is sent again.
 */
import { html } from 'hono/html';
import { chartShapes, LIGHT_LOOKS, sizeOf } from '../../../drawing/chart-shapes.ts';
import type { LitState } from '../../../explain/chart-lights.ts';
import type { LaidChart } from './chart-layout.ts';
import type { ChartLook } from './chart-look.ts';
import { countdown, type Html } from '../frame/html.ts';

/** The drawing in its frame, with the ways to look at it otherwise. */
export function chartFrame(
  laid: LaidChart,
  look: ChartLook,
  lit: readonly LitState[],
  label: string,
): Html {
  const isFolded = laid.canFold && !look.isWhole;
  const other = isFolded ? 'The whole machine' : 'Steps only';
  return html`<div class="chart-looks">
      <label class="fit ${isFolded ? 'is-folded' : ''}"
        ><input type="checkbox" /> ${isFolded ? 'Larger' : 'Fit to the width'}</label
      >
      ${laid.canFold ? html`<a href="${look.otherKind}">${other}</a>` : ''}
    </div>
    <div
      class="scroll chart ${isFolded ? 'is-folded' : ''}"
      role="region"
      aria-label="${label}"
      tabindex="0"
    >
      ${chartSvg(laid, look, lit, label)}
    </div>`;
}

/** The drawing, lit; `label` says what it shows. */
export function chartSvg(
  laid: LaidChart,
  look: ChartLook,
  lit: readonly LitState[],
  label: string,
): Html {
  const { width, height } = sizeOf(laid);
  const states = new Map(lit.map(({ id, light }) => [id, light]));
  const { folds, standIns } = laid;
  const folding = { folds, standIns, toggled: (path: string) => look.toggled(path) };
  return html`<svg
    id="chart"
    role="group"
    aria-label="${label}"
    width="${width}"
    height="${height}"
    viewBox="0 0 ${width} ${height}"
  >
    ${chartShapes(laid, { states, transitions: new Set() }, folding)}
  </svg>`;
}

/** The lit states in words. */
export function litList(lit: readonly LitState[]): Html {
  return html`<ul class="lit">
    ${lit.map(
      (state) =>
        html`<li data-state="${state.id}" data-light="${state.light}">
          <span class="icon" aria-hidden="true">${LIGHT_LOOKS[state.light].icon}</span>
          <code>${state.path}</code> <span>${LIGHT_LOOKS[state.light].words}</span>
          <span class="note-text">${noteOf(state)}</span>
        </li>`,
    )}
  </ul>`;
}

/** What is under way in a state; the page's script counts down, and copies it into the drawing. */
function noteOf({ attempt, dueMs }: LitState): Html {
  const parts = [
    ...(attempt === null ? [] : [html`attempt ${attempt}`]),
    ...(dueMs === null ? [] : [countdown(dueMs)]),
  ];
  return html`${parts.map((part, index) => html`${index === 0 ? '' : ', '}${part}`)}`;
}
