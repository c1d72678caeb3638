/**
 * The inspector's page: what to look at, the chart, the step back and forth, the event and the
 * snapshot of one turn.
 */
import { isoText } from '../../../core/iso-time.ts';
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { triggerOf } from '../../../explain/event-words.ts';
import type { JournalRecord } from '../../../core/turn/inbound.ts';
import type { ReplayFlaw } from '../../../core/history/replay.ts';
import { legalEvents } from '../../../core/turn/legal.ts';
import { persistMachine } from '../../../core/machine/persisted-machine.ts';
import type { SagaState } from '../../../core/state.ts';
import type { SagaSummary } from '../../../store/read-models.ts';
import { exactTime, type Html, relativeTime, sagaLink } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';
import { badge } from '../frame/status-badge.ts';

export interface InspectorPage {
  /** Every registered saga type. */
  readonly types: readonly string[];
  readonly type: string | null;
  readonly saga: SagaSummary | null;
  /** The turn that is asked for; `null`: as it is. */
  readonly seq: number | null;
  /** `null`: there is none, or it could not be laid out. */
  readonly chart: Html | null;
  /** What was asked for and names no saga; `null`: nothing of that kind. */
  readonly unknown: string | null;
}

/** The address of a saga in the inspector. */
export function inspectorPath(sagaId: string, seq: number | null = null): string {
  const query = new URLSearchParams({ saga: sagaId });
  if (seq !== null) query.set('seq', String(seq));
  return `/inspector?${query.toString()}`;
}

/** The page; `region` gives the content of its live parts. */
export function inspectorPage(page: InspectorPage, region: (id: string) => Html): Html {
  const { types, type, saga, chart, unknown } = page;
  if (types.length === 0) {
    return html`${pageHead('Inspector')}
    ${emptyState('No saga type is registered.', 'Register one: backstep.register(definition, …).')}`;
  }
  return html`${pageHead(
      'Inspector',
      'Any saga in the chart that runs it: its events one by one, the state after each.',
      html`<a
        class="button"
        href="/inspector/stately${saga === null ? '' : `?saga=${encodeURIComponent(saga.id)}`}"
        >Open the vendor’s inspector</a
      >`,
    )}
    ${unknown === null ? '' : choices(page, region)}
    <nav class="tabs" aria-label="Saga types">
      ${types.map(
        (name) =>
          html`<a
            href="/inspector?type=${encodeURIComponent(name)}"
            ${name === type ? html`aria-current="page"` : ''}
            >${name}</a
          >`,
      )}
    </nav>
    <section aria-labelledby="title-chart">
      <h2 id="title-chart">
        ${saga === null ? type : html`${sagaLink(saga.id, saga.key ?? saga.id)} in ${type}`}
      </h2>
      ${saga === null ? '' : html`<div id="inspector-step">${region('inspector-step')}</div>`}
      ${chart ?? html`<p class="quiet">The drawing could not be laid out.</p>`}
      ${
        saga === null
          ? html`<p class="quiet">Choose a saga below to see where it is.</p>`
          : html`<div id="chart-states">${region('chart-states')}</div>`
      }
    </section>
    ${
      saga === null
        ? ''
        : html`<div class="columns">
              ${section('inspector-event', 'The event of this turn', region)}
              ${section('inspector-snapshot', 'The snapshot after it', region)}
            </div>
            ${section('inspector-log', 'Every event', region)}`
    }
    ${unknown === null ? choices(page, region) : ''}`;
}

/** Above the rest when what was typed names no saga: that is what is looked at next. */
function choices({ saga, unknown }: InspectorPage, region: (id: string) => Html): Html {
  return html`<section aria-labelledby="title-choices">
    <h2 id="title-choices">Choose a saga</h2>
    ${
      unknown === null
        ? ''
        : html`<p class="note tone-bad" role="alert">
            <span class="icon" aria-hidden="true">✗</span> No saga has the id or key ${unknown}.
          </p>`
    }
    <form method="get" action="/inspector" class="inline-form">
      <label
        >Id or key of a saga
        <input
          name="saga"
          required
          maxlength="200"
          value="${unknown ?? saga?.key ?? saga?.id ?? ''}"
          autocomplete="off"
      /></label>
      <button type="submit">Look</button>
    </form>
    <div id="inspector-choices">${region('inspector-choices')}</div>
  </section>`;
}

/** First, back, forward, last: plain links and a slider, so that it works without script. */
export function stepForm(sagaId: string, asked: number | null, at: number, lastSeq: number): Html {
  const link = (label: string, seq: number, isOn: boolean): Html =>
    isOn
      ? html`<a class="button" href="${inspectorPath(sagaId, seq)}">${label}</a>`
      : html`<span class="button is-off">${label}</span>`;
  return html`<form method="get" action="/inspector" class="travel-form">
    <input type="hidden" name="saga" value="${sagaId}" />
    ${link('⇤ First', 1, at > 1)} ${link('← Back', at - 1, at > 1)}
    <label class="slider"
      ><span>Turn <output>${at}</output> of ${lastSeq}</span>
      <input type="range" name="seq" min="1" max="${lastSeq}" value="${at}" data-submits
    /></label>
    <button type="submit">Show</button>
    ${link('Forth →', at + 1, at < lastSeq)} ${link('Last ⇥', lastSeq, at < lastSeq)}
    ${
      asked === null
        ? html`<span class="quiet">follows the saga</span>`
        : html`<a class="button" href="${inspectorPath(sagaId)}">Follow it live</a>`
    }
  </form>`;
}

/** What came in a turn, in words and as it was. */
export function eventView(
  definition: SagaDefinition | undefined,
  record: JournalRecord | undefined,
  flaw: ReplayFlaw | null,
): Html {
  if (record === undefined) {
    const why = flaw === null ? 'it is not in the journal' : flaw.why;
    return html`<p class="quiet">It cannot be shown: ${why}.</p>`;
  }
  const { sagaSeq, atMs, event, inbound, from, to, note } = record;
  // The engine's own number of the attempt says nothing here, and reads like a secret.
  const { token: _, ...content } = { token: 0, ...inbound };
  const words = definition === undefined ? event : triggerOf(definition, event).words;
  return html`<p><b>${words}</b> <span class="quiet">turn ${sagaSeq}, ${exactTime(atMs)}</span></p>
    <p>
      ${from === null ? 'It began in' : html`<code>${from}</code> →`} <code>${to}</code> ${badge(
        record.status,
      )}
    </p>
    ${note === undefined ? '' : html`<p class="quiet">${note}</p>`} ${json('The event', content)}`;
}

/** The machine's snapshot, what is live beside it, and what it would take next. */
export function snapshotView(state: SagaState): Html {
  const { status, value, context, output } = persistMachine(state.snapshot, state.live.activities);
  const tags = [...state.snapshot.tags];
  const shown = { status, value, tags, context, ...(output === undefined ? {} : { output }) };
  const activities = Object.entries(state.live.activities);
  const events = legalEvents(state);
  return html`<ul class="facts">
      <li>
        <b>Waits for</b>
        ${
          activities.length === 0
            ? 'no activity'
            : activities.map(
                ([id, { attempt, dispatches }]) =>
                  html`<code>${id}</code> attempt
                    ${attempt}${dispatches > 1 ? `, started ${dispatches} times` : ''} `,
              )
        }
      </li>
      <li>
        <b>Timers</b>
        ${Object.entries(state.live.timers).map(
          ([id, { dueMs }]) =>
            html`<code>${id}</code> ${dueMs === undefined ? 'from dispatch' : relativeDue(dueMs)} `,
        )}
        ${Object.keys(state.live.timers).length === 0 ? 'none' : ''}
      </li>
      <li>
        <b>Events it would take</b>
        ${events.length === 0 ? 'none' : events.map((type) => html`<code>${type}</code> `)}
      </li>
    </ul>
    ${json('The snapshot', shown)}`;
}

/** The newest sagas, as links. */
export function sagaChoices(sagas: readonly SagaSummary[], chosen: string | null): Html {
  if (sagas.length === 0) {
    return emptyState('There is no saga of this type yet.', 'Start one, and it appears here.');
  }
  return html`<ul class="choices">
    ${sagas.map(
      ({ id, key, type, status, updatedAtMs }) =>
        html`<li>
          <a href="${inspectorPath(id)}" ${id === chosen ? html`aria-current="true"` : ''}
            >${type} ${key ?? id}</a
          >
          ${badge(status)} <span class="quiet">${relativeTime(updatedAtMs)}</span>
        </li>`,
    )}
  </ul>`;
}

function relativeDue(dueMs: number): Html {
  const iso = isoText(dueMs);
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`;
}

// `value` has its secrets hidden already.
function json(label: string, value: unknown): Html {
  return html`<pre class="json" tabindex="0" aria-label="${label}">
${JSON.stringify(value, null, 2)}</pre>`;
}

function section(id: string, title: string, region: (id: string) => Html): Html {
  return html`<section aria-labelledby="title-${id}">
    <h2 id="title-${id}">${title}</h2>
    <div id="${id}">${region(id)}</div>
  </section>`;
}
