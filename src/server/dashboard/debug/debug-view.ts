/**
 * The debug page: actors, the stream of turns, the process, and the ways to attach an inspector.
 */
import { html } from 'hono/html';
import { isoText } from '../../../core/iso-time.ts';
import { SAGA_STATUSES } from '../../../core/status.ts';
import type { EngineHealth } from '../../../host/backstep.ts';
import {
  type Capabilities,
  CAPABILITY_WORDS,
  type CapabilityName,
} from '../../../host/capabilities.ts';
import type { EngineFigures } from '../../../host/figures.ts';
import type { InboxFigures } from '../../../store/queries/inbox.ts';
import type { FeedEntry } from '../../../store/read-models.ts';
import type { OwnerFacts, StoreStats } from '../../../store/store.ts';
import type { Fact } from '../../environment.ts';
import type { TurnFilter } from '../../live/turn-stream.ts';
import { exactTime, type Html, sagaLink, table } from '../frame/html.ts';
import { pageHead } from '../frame/layout.ts';
import { badge, wordsOf as statusWords } from '../frame/status-badge.ts';

export interface DebugPage {
  readonly types: readonly string[];
  readonly filter: TurnFilter;
  /** The page stands still. */
  readonly isPaused: boolean;
  readonly versions: readonly Fact[];
  readonly settings: readonly Fact[];
  readonly capabilities: Capabilities;
  /** The address of the server as the browser knows it. */
  readonly server: string;
  readonly maySend: boolean;
}

/** The page. */
export function debugPage(page: DebugPage, region: (id: string) => Html): Html {
  return html`${pageHead('Debug', 'What is alive in this process, and what just happened.')}
    <section aria-labelledby="actors">
      <h2 id="actors">Actors</h2>
      <div id="debug-actors">${region('debug-actors')}</div>
    </section>
    <section aria-labelledby="calls">
      <h2 id="calls">Calls between machines</h2>
      <div id="debug-calls">${region('debug-calls')}</div>
    </section>
    <section aria-labelledby="stream">
      <h2 id="stream">Turns, the newest first</h2>
      ${streamForm(page)}
      <div id="debug-stream">${region('debug-stream')}</div>
    </section>
    <div class="columns">
      <section aria-labelledby="attach">
        <h2 id="attach">Attach an inspector</h2>
        ${howToAttach(page)}
      </section>
      <section aria-labelledby="process">
        <h2 id="process">Process</h2>
        <div id="debug-process">${region('debug-process')}</div>
        <h3>Versions</h3>
        ${factList(page.versions)}
        <h3>Settings</h3>
        ${factList(page.settings)}
      </section>
    </div>
    <section aria-labelledby="promises">
      <h2 id="promises">What this host promises</h2>
      ${promiseTable(page.capabilities)}
    </section>`;
}

const STANDING = { full: 'whole', limited: 'with a limit', none: 'not here' } as const;

function promiseTable({ host, promises }: Capabilities): Html {
  const names = Object.keys(CAPABILITY_WORDS) as CapabilityName[]; // the keys of a whole record
  return html`<p>Sagas run by the host <code>${host}</code>.</p>
    ${table(
      'What this host promises',
      ['What', 'Promised', 'How'],
      names.map((name) => {
        const { standing, how } = promises[name];
        return [CAPABILITY_WORDS[name], STANDING[standing], how];
      }),
      '',
    )}`;
}

/** The newest turns; `wordsOf` says what an event of a saga type is, in words. */
export function turnRows(
  turns: readonly FeedEntry[],
  wordsOf: (type: string, event: string) => string,
): Html {
  return table(
    'Turns, the newest first',
    ['At', 'Saga', 'Turn', 'What came', 'Where it led', 'Status'],
    turns.map(({ atMs, sagaId, type, sagaSeq, event, from, to, status, kind }) => [
      exactTime(atMs),
      html`${sagaLink(sagaId, sagaId)} <span class="quiet">${type}</span>`,
      html`<a href="/inspector?saga=${encodeURIComponent(sagaId)}&amp;seq=${sagaSeq}"
        >${sagaSeq}</a
      >`,
      html`<span title="${event}">${wordsOf(type, event)}</span
        >${kind === 'note' ? html` <span class="quiet">note</span>` : ''}`,
      from === null || from === to
        ? html`<code>${to}</code>`
        : html`<code>${from}</code> <code>→ ${to}</code>`,
      badge(status),
    ]),
    'No turn matches. Start a saga, or widen the filter.',
  );
}

/** The process in figures. */
export function processFacts(facts: {
  readonly figures: EngineFigures;
  readonly store: StoreStats;
  readonly inbox: InboxFigures;
  readonly health: EngineHealth['kind'];
  readonly owner: OwnerFacts | null;
  /** Of the newest line of the journal. */
  readonly lastSeq: number;
  readonly uptimeSeconds: number;
  readonly memoryBytes: number;
  readonly pid: number;
}): Html {
  const { figures, store, inbox, health, owner } = facts;
  const behind = Math.max(0, facts.lastSeq - figures.feedSeq);
  return factList([
    { name: 'Process', value: `${facts.pid}, up ${Math.floor(facts.uptimeSeconds)} s, ${health}` },
    ...(owner === null ? [] : ownerFacts(owner)),
    { name: 'Feed', value: `at line ${figures.feedSeq}, ${behind} behind the journal` },
    { name: 'Memory', value: `${Math.round(facts.memoryBytes / 2 ** 20)} MiB` },
    { name: 'Actors', value: `${figures.liveActors}, ${figures.busyActors} busy` },
    {
      name: 'Mailboxes',
      value: `${figures.mailboxItems} items, at most ${figures.deepestMailbox} in one`,
    },
    {
      name: 'Activities',
      value: `${figures.activitiesInFlight} running, ${figures.activitiesWaiting} in line`,
    },
    { name: 'Loaded timers', value: String(figures.armedWakes) },
    { name: 'Writes', value: `${store.commits} turns in ${store.batches} batches` },
    { name: 'Writes in line', value: String(store.queued) },
    {
      name: 'Inbox',
      value: `${figures.inboxTaken} taken, ${inbox.waiting} waiting, ${inbox.refused} refused and kept`,
    },
  ]);
}

function ownerFacts({ label, sinceMs, silentMs, standbys }: OwnerFacts): readonly Fact[] {
  const since = sinceMs === null ? '' : `, since ${isoText(sinceMs)}`;
  const beat = silentMs === null ? '' : `, last heard of ${silentMs} ms ago`;
  const value = label === null ? 'nobody just now' : `${label}${since}${beat}`;
  return [
    { name: 'Owner of the database', value },
    { name: 'Standing by', value: `${standbys} ${standbys === 1 ? 'process' : 'processes'}` },
  ];
}

function streamForm({ types, filter, isPaused }: DebugPage): Html {
  const option = (value: string, words: string, chosen: string | null): Html =>
    html`<option value="${value}" ${value === chosen ? html`selected` : ''}>${words}</option>`;
  return html`<form method="get" action="/debug#stream" class="inline-form">
    <label
      >Type
      <select name="type">
        ${option('', 'any', filter.type ?? '')}
        ${types.map((type) => option(type, type, filter.type))}
      </select></label
    >
    <label
      >Status
      <select name="status">
        ${option('', 'any', filter.status ?? '')}
        ${SAGA_STATUSES.map((status) => option(status, statusWords(status), filter.status))}
      </select></label
    >
    <label
      >Saga, event or state
      <input name="q" maxlength="200" value="${filter.text ?? ''}" autocomplete="off"
    /></label>
    <button type="submit" ${isPaused ? html`name="paused" value="yes"` : ''}>Filter</button>
    ${
      isPaused
        ? html`<button class="primary" type="submit" name="paused" value="">Go on</button>`
        : html`<button type="submit" name="paused" value="yes">Pause</button>`
    }
    ${isPaused ? html`<span role="status">Paused: this page stands still.</span>` : ''}
  </form>`;
}

function howToAttach({ server, maySend }: DebugPage): Html {
  const address = `${server.replace(/^http/, 'ws')}/inspect`;
  return html`<ul class="facts">
      <li><a href="/inspector">Our own inspector</a>: offline, any saga, step back and forth.</li>
      <li>
        <a href="/inspector/stately">The vendor’s inspector</a>, in a window of its own; it needs
        the internet.
      </li>
      <li>
        Any reader of <code>@statelyai/inspect</code>: <code>${address}</code>
        <pre>
createWebSocketReceiver({ server: '${address}' })
  .subscribe((event) => console.log(event));</pre>
      </li>
      <li>Any reader of <code>@xstate/inspect</code> (XState 4): <code>${address}/v4</code></li>
      <li>
        Both take <code>?saga=id</code> (its whole past), <code>?type=order</code> and
        <code>?limit=50</code> (how many of the newest are introduced).
      </li>
      <li>The plain feed: <code>curl -N ${server}/api/transitions</code></li>
    </ul>
    <p class="quiet">
      Events from an inspector ${maySend ? 'reach the sagas' : 'are refused'}
      (<code>BACKSTEP_INSPECT_SEND=${maySend ? 'on' : 'off'}</code>).
    </p>`;
}

function factList(facts: readonly Fact[]): Html {
  return html`<dl class="fact-list">
    ${facts.map(
      ({ name, value }) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}
