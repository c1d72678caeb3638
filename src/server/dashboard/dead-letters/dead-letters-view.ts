/**
 * Dead letters by what they are for: one card per saga, with everything that can be decided.
 */
import { html } from 'hono/html';
import { isLegal } from '../../../core/turn/legal.ts';
import type { DeadLetter, DeadLetterGroup, LetterGroupKey } from '../../../store/read-models.ts';
import { isJsonObject } from '../../body.ts';
import { letterGroupQuery } from './letter-group.ts';
import { letterInWords } from './letter-words.ts';
import { type Html, relativeTime, sagaLink } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';
import { type ActionScope, commandButton, sagaActions } from '../saga/saga-actions.ts';
import { badge } from '../frame/status-badge.ts';
import { BULK_URL } from '../sagas/sagas-view.ts';

export interface LetterGroups {
  readonly groups: readonly DeadLetterGroup[];
  /** The one that is looked at; `null`: all. */
  readonly group: LetterGroupKey | null;
  readonly cards: readonly Html[];
  readonly nextCursor: string | null;
  readonly isReadOnly: boolean;
}

/** Parts of a letter, in the order they are told. */
const PARTS = [
  { name: 'done', label: 'Done, still in force', tone: 'tone-good' },
  { name: 'maybe', label: 'Maybe done', tone: 'tone-warn' },
  { name: 'compensated', label: 'Compensated', tone: 'tone-back' },
  { name: 'outstanding', label: 'Outstanding, next first', tone: 'tone-bad' },
] as const;

/** The head of the page around its letters. */
export function deadLettersPage(region: (id: string) => Html): Html {
  return html`${pageHead(
      'Dead letters',
      'What was given up on. Nothing here moves by itself: decide, and it does.',
    )}
    <div id="action-result" role="status"></div>
    <div id="letters">${region('letters')}</div>`;
}

/** The groups, and the letters of the one that is looked at. */
export function letterGroups(content: LetterGroups): Html {
  const { groups, group, cards, nextCursor, isReadOnly } = content;
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) {
    return emptyState(
      'Nothing waits for a decision.',
      html`A saga comes here when a compensation fails for good, or the engine cannot go on with it.`,
    );
  }
  const next = group === null ? new URLSearchParams() : letterGroupQuery(group);
  if (nextCursor !== null) next.set('cursor', nextCursor);
  return html`<section aria-labelledby="groups-title">
      <h2 id="groups-title">By error</h2>
      <ul class="letter-groups">
        ${groups.map((one) => groupLine(one, group !== null && isSame(one, group), isReadOnly))}
        <li>
          <span>${group === null ? html`<b>All</b>` : html`<a href="/dead-letters">All</a>`}</span>
          <b class="number">${total.toLocaleString('en')}</b>
          <span></span>
          ${isReadOnly ? '' : retryForm(null, total)}
        </li>
      </ul>
    </section>
    ${cards}
    ${
      nextCursor === null
        ? ''
        : html`<nav class="pager" aria-label="More letters">
            <a class="button" rel="next" href="/dead-letters?${next.toString()}">Older</a>
          </nav>`
    }`;
}

/** One letter. `scope` is the reason when the saga's state cannot be read. */
export function letterCard(letter: DeadLetter, scope: ActionScope | string): Html {
  const { sagaId, key, type, kind, openedAtMs } = letter;
  const words = letterInWords(letter);
  return html`<section id="letter-${sagaId}" class="letter" aria-label="${type} ${key ?? sagaId}">
    <div class="letter-head">
      <h2>${sagaLink(sagaId, key ?? sagaId)}</h2>
      <span>${badge(kind)}</span>
      <span class="quiet">${type}, given up ${relativeTime(openedAtMs)}</span>
    </div>
    <p class="error">${words.error}</p>
    <dl class="letter-parts">
      ${PARTS.map(
        ({ name, label, tone }) =>
          html`<div class="${tone}">
            <dt>${label}</dt>
            <dd>${words[name]}</dd>
          </div>`,
      )}
    </dl>
    ${typeof scope === 'string' ? html`<p class="note tone-bad">${scope}</p>` : decisions(scope)}
  </section>`;
}

function decisions(scope: ActionScope): Html {
  const { id, state, isReadOnly } = scope;
  const mayRetry = isLegal(state, 'retry') && !isReadOnly;
  return html`<div class="inline-form">
      ${mayRetry ? commandButton(id, 'retry', state.seq) : ''}
    </div>
    ${mayRetry && isLegal(state, 'edit-context') ? editAndRetry(scope) : ''}
    <details id="decide-${id}">
      <summary>All decisions</summary>
      ${sagaActions(scope)}
    </details>`;
}

function editAndRetry({ id, state, editable }: ActionScope): Html {
  const action = `/sagas/${encodeURIComponent(id)}/commands/retry`;
  const context: unknown = state.snapshot.context;
  const names = editable ?? (isJsonObject(context) ? Object.keys(context) : []);
  return html`<details id="edit-${id}">
    <summary>Edit the context and retry</summary>
    <form
      class="action"
      method="post"
      action="${action}"
      hx-post="${action}"
      hx-target="#action-result"
    >
      <input type="hidden" name="expected_version" value="${state.seq}" />
      <label
        >Members to replace, as a JSON object; any of: ${names.join(', ')}
        <textarea name="context" rows="4" required spellcheck="false">{}</textarea>
      </label>
      <label>Reason <input name="reason" maxlength="500" autocomplete="off" /></label>
      <button type="submit">Edit and retry</button>
    </form>
  </details>`;
}

function groupLine(group: DeadLetterGroup, isChosen: boolean, isReadOnly: boolean): Html {
  const { type, kind, code, count, oldestMs } = group;
  const name = html`<code>${code || 'no error recorded'}</code>`;
  const href = `/dead-letters?${letterGroupQuery(group).toString()}`;
  return html`<li>
    <span
      >${isChosen ? html`<b aria-current="true">${name}</b>` : html`<a href="${href}">${name}</a>`}
      <span class="quiet">${type}, ${kind.replaceAll('_', ' ')}</span></span
    >
    <b class="number">${count.toLocaleString('en')}</b>
    <span class="quiet">oldest ${relativeTime(oldestMs)}</span>
    ${isReadOnly ? '' : retryForm(group, count)}
  </li>`;
}

function retryForm(group: LetterGroupKey | null, count: number): Html {
  const fields = group === null ? [] : [...letterGroupQuery(group)];
  return html`<form method="post" action="${BULK_URL}">
    <input type="hidden" name="scope" value="letters" />
    <input type="hidden" name="command" value="retry" />
    ${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button type="submit">
      Retry ${count === 1 ? 'it' : `all ${count.toLocaleString('en')}`}…
    </button>
  </form>`;
}

function isSame(one: LetterGroupKey, other: LetterGroupKey): boolean {
  return one.type === other.type && one.kind === other.kind && one.code === other.code;
}
