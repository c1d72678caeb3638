/**
 * One saga: what it is at in words, the rail (steps on top, their compensations mirrored below),
 * and what a person may order.
 */
import { html } from 'hono/html';
import type { SagaStep } from '../../core/definition.ts';
import type { StepEntry, StepProgress } from '../../core/state.ts';
import type { ShownStep } from '../saga-view.ts';
import { countdown, relativeTime, type Html } from './html.ts';
import { emptyState } from './layout.ts';
import { nextInWords, type SagaFacts } from './saga-words.ts';
import { badge, toneClass } from './status-badge.ts';

export interface SagaDetail extends SagaFacts {
  readonly id: string;
  readonly key: string | null;
  readonly type: string;
  readonly version: number;
  /** The number that commands are compared with. */
  readonly seq: number;
  /** The state's path in the machine. */
  readonly path: string;
  readonly steps: readonly ShownStep[];
  readonly plan: readonly SagaStep[];
  readonly legalCommands: readonly string[];
}

const COMMAND_LABELS: Readonly<Record<string, string>> = {
  retry: 'Retry',
  cancel: 'Cancel and compensate',
  terminate: 'Terminate without compensating',
};

/** The saga. */
export function sagaDetail(saga: SagaDetail): Html {
  return html`<h2>Saga ${saga.key ?? saga.id}</h2>
    <p class="headline">${badge(saga.status)} ${nextInWords(saga)}</p>
    ${
      saga.failureReason === null
        ? ''
        : html`<p>
            Why it turned back:
            <code>${saga.failureReason.code}</code> ${saga.failureReason.message}
          </p>`
    }
    <ol class="rail" aria-label="Steps and their compensations">
      ${saga.steps.map((step) => railStep(step, saga))}
    </ol>
    ${commandButtons(saga)}
    <p class="quiet">
      ${saga.type} v${saga.version}, state <code>${saga.path}</code>, turn ${saga.seq}, id
      <code>${saga.id}</code>
    </p>`;
}

/** Before one is chosen. */
export function noSagaChosen(): Html {
  return html`<h2>One saga</h2>
    ${emptyState('No saga is chosen.', 'Place an order, or choose one from the list, to see its steps.')}`;
}

/** For an id that is not known, or a state that cannot be read. */
export function sagaUnavailable(title: string, detail: string): Html {
  return html`<h2>${title}</h2>
    <p class="note tone-bad">${detail}</p>`;
}

/** A button that orders a command; it carries the version that the person looked at. */
export function commandButton(sagaId: string, command: string, seq: number): Html {
  const action = `/saga/actions/sagas/${encodeURIComponent(sagaId)}/${command}`;
  const label = COMMAND_LABELS[command] ?? command;
  const isFinal = command === 'terminate';
  return html`<form
    method="post"
    action="${action}"
    hx-post="${action}"
    hx-target="#action-result"
    ${isFinal ? html`hx-confirm="Terminate without compensating? What was done stays done."` : ''}
  >
    <input type="hidden" name="expected_version" value="${seq}" />
    <button type="submit" class="${isFinal ? 'danger' : ''}">${label}</button>
  </form>`;
}

function commandButtons({ id, seq, legalCommands }: SagaDetail): Html {
  if (legalCommands.length === 0) return html``;
  return html`<div class="commands">
    ${legalCommands.map((command) => commandButton(id, command, seq))}
  </div>`;
}

function railStep(step: ShownStep, saga: SagaDetail): Html {
  const planned = saga.plan.find(({ name }) => name === step.name);
  return html`<li>
    <div class="cell forward ${toneClass(step.status)}">
      <b>${breakable(step.name)}</b> ${badge(step.status)}
      ${'startedAtMs' in step ? progress(step) : ''}
    </div>
    ${compensationCell(step, planned?.compensation ?? null)}
  </li>`;
}

function compensationCell(step: ShownStep, planned: string | null): Html {
  const entry: StepEntry['compensation'] = 'compensation' in step ? step.compensation : undefined;
  if (entry !== undefined) {
    const status = entry.status === 'completed' ? 'compensated' : entry.status;
    return html`<div class="cell backward ${toneClass(status)}">
      <b>${breakable(entry.name)}</b> ${badge(status)} ${progress(entry)}
    </div>`;
  }
  const name = planned ?? 'no compensation';
  return html`<div class="cell backward idle">
    <b>${breakable(name)}</b> <span class="quiet">not run</span>
  </div>`;
}

function progress({ attempts, startedAtMs, nextAttemptAtMs, error }: StepProgress): Html {
  return html`<span class="quiet"
      >${attempts === 1 ? 'attempt 1' : `${attempts} attempts`}, from ${relativeTime(startedAtMs)}
      ${nextAttemptAtMs === undefined ? '' : html`, next ${countdown(nextAttemptAtMs)}`}</span
    >
    ${error === undefined ? '' : html`<span class="error">${error.code}: ${error.message}</span>`}`;
}

/** A camel-case name that may break between its words on narrow screens. */
function breakable(name: string): Html {
  return html`${name.split(/(?=[A-Z])/).map((word) => html`${word}<wbr />`)}`;
}
