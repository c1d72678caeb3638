/**
 * Why something was refused, as people read it.
 */
import { html } from 'hono/html';
import type { ProblemBody } from '../../error-response.ts';
import type { Html } from './html.ts';

/** What is said when something was refused; `isTitled`: the page's heading is its title. */
export function refusal(
  { title, detail, issues = [], legal = [] }: ProblemBody,
  isTitled = false,
): Html {
  const isOfIssues = issues.some(({ message }) => detail.endsWith(message));
  const isListed = issues.length > 1 || !isOfIssues;
  return html`<div class="note tone-bad" role="alert">
    <p>
      <span class="icon" aria-hidden="true">✗</span>
      ${isTitled ? '' : html`<strong>${title}:</strong>`}
      ${isOfIssues && isListed ? 'several things are wrong.' : asSentence(detail, isTitled)}
    </p>
    ${
      issues.length === 0 || !isListed
        ? ''
        : html`<ul>
            ${issues.map(({ path, message }) => html`<li>${path}: ${message}</li>`)}
          </ul>`
    }
    ${legal.length === 0 ? '' : html`<p>Legal now: ${legal.join(', ')}.</p>`}
  </div>`;
}

/** The engine's messages go on after a colon; alone they begin with a capital letter. */
function asSentence(detail: string, isAlone: boolean): string {
  const begun = isAlone ? detail.charAt(0).toUpperCase() + detail.slice(1) : detail;
  return /[.!?}]$/.test(begun) ? begun : `${begun}.`;
}
