/**
 * The rail of a saga, drawn: steps on top in their order, each compensation mirrored below.
 *
 * Pure. The same rail is the same text, so that an update resends only what changed.
 */
import { html } from 'hono/html';
import type {
  Rail,
  RailSide,
  RailStage,
  RailStep,
  RailStop,
  RailWait,
} from '../../../explain/rail.ts';
import {
  countdown,
  endTime,
  type Html,
  relativeTime,
  stillEndTime,
  tookTime,
} from '../frame/html.ts';
import { attemptInWords } from '../../../explain/next-words.ts';
import { badge, toneClass } from '../frame/status-badge.ts';

/** The rail. */
export function railView({ stages, limits, isStill }: Rail): Html {
  return html`<ol class="rail" aria-label="Steps and their compensations">
      ${stages.map((stage) => stageView(stage, isStill))}
    </ol>
    ${
      limits.length === 0
        ? ''
        : html`<p class="quiet limits">
            ${limits.map(
              ({ delay, dueMs }) =>
                html`<span
                  ><b>${delay}</b> ${isStill ? stillEndTime(dueMs) : countdown(dueMs)}</span
                >`,
            )}
          </p>`
    }`;
}

function stageView({ name, lanes }: RailStage, isStill: boolean): Html {
  const stops = lanes.flatMap((lane) => lane.stops);
  const [only] = stops;
  if (name === null && stops.length === 1 && only !== undefined) {
    return html`<li class="stop">${stopView(only, isStill)}</li>`;
  }
  return html`<li class="stage span-${Math.min(stops.length, 6)}">
    <p class="quiet">${name} <span class="visually-hidden">, at the same time:</span></p>
    <ul class="lanes">
      ${lanes.map(
        (lane) =>
          html`<li
            class="lane span-${Math.min(lane.stops.length, 6)}"
            aria-label="${lane.name ?? ''}"
          >
            <ol class="rail">
              ${lane.stops.map((stop) => html`<li class="stop">${stopView(stop, isStill)}</li>`)}
            </ol>
          </li>`,
      )}
    </ul>
  </li>`;
}

function stopView(stop: RailStop, isStill: boolean): Html {
  return stop.stop === 'wait' ? waitView(stop, isStill) : stepView(stop, isStill);
}

function stepView(step: RailStep, isStill: boolean): Html {
  const { name, kind, occurrences, childId, probes, lateAtMs, skip, forward, compensation } = step;
  // Who gave the compensation up did not give the step up.
  const isUndoGivenUp = compensation?.status === 'skipped';
  const notes = [
    ...(forward.activity === name ? [] : [name]),
    ...(kind === 'compensatable' ? [] : [kind]),
    ...(occurrences > 1 ? [`run ${occurrences} times`] : []),
    ...(probes === 0 ? [] : [probes === 1 ? 'asked once' : `asked ${probes} times`]),
    ...(skip === null || isUndoGivenUp ? [] : [skipInWords(skip)]),
  ];
  return html`<div class="cell forward ${toneClass(forward.status)} is-${forward.status}">
      <b>${breakable(forward.activity)}</b> ${sideView(forward, isStill)}
      ${notes.length === 0 ? '' : html`<span class="quiet">${notes.join(', ')}</span>`}
      ${
        lateAtMs === null
          ? ''
          : html`<span class="quiet">answered late, ${relativeTime(lateAtMs)}</span>`
      }
      ${
        childId === null
          ? ''
          : html`<a href="/sagas/${encodeURIComponent(childId)}">its own saga</a>`
      }
    </div>
    ${
      compensation === null
        ? html`<div class="cell backward none"><span class="quiet">nothing to undo</span></div>`
        : html`<div
            class="cell backward ${toneClass(isUndoGivenUp ? 'not_compensated' : compensation.status)} is-${compensation.status}"
          >
            <b>${breakable(compensation.activity)}</b>
            ${sideView(compensation, isStill, 'not_compensated')}
            ${isUndoGivenUp && skip !== null ? html`<span class="quiet">${skipInWords(skip)}</span>` : ''}
          </div>`
    }`;
}

function skipInWords({ by, reason }: NonNullable<RailStep['skip']>): string {
  return `given up by ${by ?? 'a person'}${reason === null ? '' : `: ${reason}`}`;
}

function waitView({ name, status, dueMs }: RailWait, isStill: boolean): Html {
  return html`<div class="cell forward wait ${toneClass(status)} is-${status}">
      <b>${breakable(name)}</b>
      ${waitInWords(status)}
      ${
        dueMs === null
          ? ''
          : html`<span class="quiet"
              >${isStill ? html`its time ${stillEndTime(dueMs)}` : endTime(dueMs)}</span
            >`
      }
    </div>
    <div class="cell backward none"></div>`;
}

function waitInWords(status: RailWait['status']): Html {
  switch (status) {
    case 'planned':
      return html`<span class="quiet">waits</span>`;
    case 'idle':
      return html`<span class="quiet">not passed</span>`;
    case 'pending':
    case 'waiting':
    case 'passed':
      return badge(status);
  }
}

/** `skippedLook`: what a side that was given up is called. */
function sideView(side: RailSide, isStill: boolean, skippedLook = 'skipped'): Html {
  const { status, attempts, budget, startedAtMs, endedAtMs, nextAttemptAtMs, error } = side;
  if (status === 'planned') {
    return html`<span class="quiet">${budget === null ? '' : `up to ${budget} attempts`}</span>`;
  }
  if (status === 'idle') return html`<span class="quiet">not run</span>`;
  const look = badge(status === 'skipped' ? skippedLook : status);
  if (startedAtMs === null) return look;
  return html`${look}
    <span class="quiet"
      >${
        nextAttemptAtMs === null
          ? attemptInWords(attempts, budget)
          : html`${attemptInWords(attempts + 1, budget)}
            ${isStill ? 'once it goes on' : countdown(nextAttemptAtMs)}`
      }${endedAtMs === null ? '' : html`, ${tookTime(endedAtMs - startedAtMs)}`}${
        side.dispatches > 1 ? `, started ${side.dispatches} times` : ''
      }</span
    >
    ${
      error === null || status === 'completed' || status === 'compensated'
        ? ''
        : html`<span class="error">${error.code}: ${error.message}</span>`
    }`;
}

/** A camel-case name that may break between its words on narrow screens. */
function breakable(name: string): Html {
  return html`${name.split(/(?=[A-Z])/).map((word) => html`${word}<wbr />`)}`;
}
