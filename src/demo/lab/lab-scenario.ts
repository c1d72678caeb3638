/**
 * One scenario of the fault lab: the trap, the try, and what came of it beside what was expected.
 */
import { html } from 'hono/html';
import type { StepEntry } from '../../core/state.ts';
import type { Finding, Verdict } from './lab-verdicts.ts';
import type { Scenario } from './lab-scenarios.ts';
import type { Html } from '../../server/dashboard/frame/html.ts';
import { sagaLink } from '../../server/dashboard/frame/html.ts';
import { badge, toneClass, wordsOf } from '../../server/dashboard/frame/status-badge.ts';

/** The element that holds a scenario's outcome. */
export function outcomeId({ id }: Scenario): string {
  return `run-${id}`;
}

/** The card of a scenario; `outcome` is the content of its live region. */
export function scenarioCard(
  scenario: Scenario,
  number: number,
  outcome: Html,
  isReadOnly: boolean,
): Html {
  const { id, title, trap, plan } = scenario;
  const action = `/faults/actions/scenarios/${id}`;
  return html`<article class="scenario" id="scenario-${id}" aria-labelledby="title-${id}">
    <h3 id="title-${id}">${number}. ${title}</h3>
    <p class="trap"><span class="quiet">Elsewhere:</span> ${trap}</p>
    <p><span class="quiet">Here:</span> ${plan}</p>
    ${
      isReadOnly
        ? ''
        : html`<form method="post" action="${action}" hx-post="${action}" hx-target="#lab-result">
            <button class="primary" type="submit">
              Try it<span class="visually-hidden">: ${title}</span>
            </button>
          </form>`
    }
    <div id="${outcomeId(scenario)}" aria-live="polite">${outcome}</div>
  </article>`;
}

/** What came of it so far. */
export function scenarioOutcome(verdict: Verdict): Html {
  const { run, state, findings, phase } = verdict;
  return html`${
      run === null
        ? html`<p class="quiet">Not tried yet. This is what must come of it:</p>`
        : html`<p class="note tone-${headline(verdict).tone}">
            <span class="icon" aria-hidden="true">${headline(verdict).icon}</span>
            <strong>${headline(verdict).words}</strong>
            ${state === null ? run.orderId : sagaLink(state.id, run.orderId)}
          </p>`
    }
    ${state === null ? '' : stepMarks(state.steps)}
    <ul class="checks">
      ${findings.map((finding) => findingLine(finding, phase))}
    </ul>`;
}

function headline({ phase, findings, state }: Verdict): {
  readonly tone: string;
  readonly icon: string;
  readonly words: string;
} {
  if (phase !== 'over') {
    const words = state === null ? 'Placing the order' : `It is ${wordsOf(state.status)}`;
    return { tone: 'busy', icon: '▶', words: `${words}:` };
  }
  if (findings.some(({ holds }) => holds === false)) {
    return { tone: 'bad', icon: '✗', words: 'Not as expected:' };
  }
  if (findings.some(({ holds }) => holds === null)) {
    return { tone: 'calm', icon: '?', words: 'It could not all be told:' };
  }
  return { tone: 'good', icon: '✓', words: 'As expected:' };
}

/** What happened to each step that began, and to its compensation. */
function stepMarks(steps: readonly StepEntry[]): Html {
  return html`<ol class="step-marks" aria-label="What happened">
    ${steps.map(
      ({ name, status, compensation }) =>
        html`<li class="${toneClass(status)}">
          <b>${name}</b> ${badge(status)}
          ${
            compensation === undefined
              ? ''
              : html`<span class="quiet"
                  >↶ ${compensation.name}
                  ${wordsOf(
                    compensation.status === 'completed' ? 'compensated' : compensation.status,
                  )}</span
                >`
          }
        </li>`,
    )}
  </ol>`;
}

function findingLine({ expected, found, holds }: Finding, phase: Verdict['phase']): Html {
  const [tone, icon, word] =
    holds === true
      ? ['good', '✓', 'yes']
      : holds === false
        ? ['bad', '✗', 'no']
        : phase === 'untried'
          ? ['calm', '○', '']
          : ['busy', '…', 'not yet'];
  return html`<li class="tone-${tone}">
    <span class="icon" aria-hidden="true">${icon}</span> ${expected}
    ${word === '' ? '' : html`<span class="found"><b>${word}</b>: ${found ?? 'waiting'}</span>`}
  </li>`;
}
