/** The calls between machines on the debug page: what does not get on, and what to do of it. */
import { html } from 'hono/html';
import type { CallTrouble, CallTroubleKind } from '../../../host/host-calls.ts';
import type { HostCalls } from '../../../host/host-calls.ts';
import { type Html, relativeTime, sagaLink, table } from '../frame/html.ts';

const WORDS: Readonly<Record<CallTroubleKind, string>> = {
  paused: 'Paused',
  'retried-often': 'Tried more than twenty times',
  pinned: 'On a deployment that takes no new calls',
  unwritten: 'Not written to the database',
};

/** What does not get on. */
export async function callTroubles(calls: HostCalls | null): Promise<Html> {
  if (calls === null) {
    return html`<p class="quiet">One process runs all sagas here: it makes no calls.</p>`;
  }
  const figures = calls.figures();
  const standing =
    figures === null
      ? html`<p>The server of the calls does not answer; health says why.</p>`
      : html`<p class="quiet">${figures.unwritten} turns on their way to the database.</p>`;
  const troubles = await calls.troubles().catch(() => []);
  if (troubles.length === 0 && figures !== null)
    return html`<p>Every call gets on.</p>
      ${standing}`;
  return html`${standing}${troubles.map(troubleView)}`;
}

function troubleView({ kind, calls, cure, examples }: CallTrouble): Html {
  return html`<h3>${WORDS[kind]}: ${calls}</h3>
    <p>${cure}</p>
    ${table(
      WORDS[kind],
      ['Call', 'What', 'Saga', 'Status', 'Tries', 'Since', 'What the last try came to'],
      examples.map(({ id, what, sagaId, status, tries, sinceMs, failure }) => [
        html`<code>${id}</code>`,
        html`<code>${what}</code>`,
        sagaId === null ? '–' : sagaLink(sagaId, sagaId),
        status,
        tries,
        relativeTime(sinceMs),
        failure ?? '–',
      ]),
      '',
      [4],
    )}`;
}
