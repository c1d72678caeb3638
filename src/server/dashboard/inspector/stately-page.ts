/**
 * The bridge to the vendor's inspector: its page opens in a window of its own, because no page of
 * ours may hold frames, and this one passes the journal on to it.
 */
import { html } from 'hono/html';
import { inspectorPath } from './inspector-view.ts';
import type { Html } from '../frame/html.ts';
import { pageHead } from '../frame/layout.ts';

/** Where the vendor's inspector lives. The script takes messages from its origin only. */
const INSPECTOR_URL = 'https://stately.ai/inspect';

/** The page; `sagaId` null: the newest sagas. */
export function statelyPage(sagaId: string | null, maySend: boolean): Html {
  const query = sagaId === null ? '' : `?saga=${encodeURIComponent(sagaId)}`;
  return html`${pageHead(
      'The vendor’s inspector',
      'Stately’s page draws the machines; this page passes the journal on to it.',
    )}
    <section>
      <p class="note tone-warn">
        It needs the internet, and what your sagas hold leaves this machine: states, events and
        contexts${sagaId === null ? ' of the newest sagas' : ''}, without what is named like a
        secret. <a href="${sagaId === null ? '/inspector' : inspectorPath(sagaId)}">Ours</a> stays
        offline.
      </p>
      <p>
        <button
          id="open-inspector"
          class="primary"
          type="button"
          data-inspector="${INSPECTOR_URL}"
          data-socket="/inspect${query}"
        >
          Open it in a window of its own
        </button>
      </p>
      <p id="bridge-state" role="status">Not open. Keep this page open while you inspect.</p>
      <p class="quiet">
        ${
          maySend
            ? 'Events that you send there reach the sagas.'
            : html`Events that you send there are refused. Start with
                <code>BACKSTEP_INSPECT_SEND=on</code> to let them through.`
        }
      </p>
    </section>
    <script src="/assets/inspector-bridge.js" defer></script>`;
}
