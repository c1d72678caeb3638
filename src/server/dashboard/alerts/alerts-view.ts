/**
 * Rules of alerts, what they found, and whether that arrived, as tables.
 */
import { html } from 'hono/html';
import type { AlertCondition } from '../../../host/alerts/alert-options.ts';
import type {
  AlertIncident,
  AlertMessage,
  AlertRuleInfo,
  AlertTargetInfo,
} from '../../../host/alerts/alerts-face.ts';
import type { Paged } from '../../../store/read-models.ts';
import { summaryOf } from '../../api/alert-routes.ts';
import { countdown, type Html, relativeTime, sagaLink, table } from '../frame/html.ts';
import { emptyState, pageHead } from '../frame/layout.ts';

export interface AlertsContent {
  readonly rules: readonly AlertRuleInfo[];
  readonly targets: readonly AlertTargetInfo[];
  readonly open: readonly AlertIncident[];
  /** Those that are resolved, the newest. */
  readonly past: readonly AlertIncident[];
  readonly deliveries: Paged<AlertMessage>;
  readonly isReadOnly: boolean;
}

/** The head of the page around it. */
export function alertsPage(region: (id: string) => Html): Html {
  return html`${pageHead('Alerts', 'What somebody is told of, and whether that arrived.')}
    <div id="action-result" role="status"></div>
    <div id="alerts">${region('alerts')}</div>`;
}

/** All of it. */
export function alertsContent(content: AlertsContent): Html {
  const { rules, targets, open, past, deliveries } = content;
  if (targets.length === 0) {
    return emptyState(
      'Nobody is told of anything.',
      html`Rules and targets are options of the program:
        <a href="/guide/07-operating#alerts">how to set them</a>.`,
    );
  }
  const openOf = (name: string): number => open.filter(({ rule }) => rule === name).length;
  return html`<h2>Open incidents</h2>
    ${incidentTable('Open incidents', open, 'Nothing stands as a rule says.')}
    <h2>Rules</h2>
    ${table(
      'Rules',
      ['Rule', 'When', 'Tells', 'Open'],
      rules.map(({ name, when, to }) => [
        name,
        conditionInWords(when),
        to.join(', '),
        openOf(name),
      ]),
      'There is none.',
      [3],
    )}
    <h2>Targets</h2>
    ${table(
      'Targets',
      ['Target', 'Kind', 'Where', 'Try it'],
      targets.map((target) => targetRow(target, content.isReadOnly)),
      'There is none.',
    )}
    <h2>Messages</h2>
    ${messageTable(deliveries)}
    <h2>Resolved incidents</h2>
    ${incidentTable('Resolved incidents', past, 'None so far.')}`;
}

/** When a rule tells, in words. */
function conditionInWords(when: AlertCondition): string {
  const type = 'type' in when && when.type !== undefined ? ` of "${when.type}"` : '';
  switch (when.kind) {
    case 'dead-letter':
      return `a dead letter${type} is open`;
    case 'step-failures': {
      const step = when.step === undefined ? 'a step' : `step "${when.step}"`;
      return `${step}${type} fails ${when.count} times within ${when.within}`;
    }
    case 'saga-age': {
      const place = 'status' in when ? when.status : `"${when.state}"`;
      return `a saga${type} is in ${place} for longer than ${when.olderThan}`;
    }
    case 'queue-age':
      return `the first of ${when.queue}${type} waits longer than ${when.olderThan}`;
    case 'version-missing':
      return `sagas${type} cannot go on under what is registered`;
    case 'store-stalled':
      return `nothing can be written for ${when.longerThan}`;
    case 'host-unreachable':
      return `Restate cannot be reached for ${when.longerThan}`;
  }
}

function targetRow({ name, kind, address }: AlertTargetInfo, isReadOnly: boolean): Html[] {
  const trial = html`<form
    class="inline-form"
    method="post"
    action="/alerts/trials"
    hx-post="/alerts/trials"
    hx-target="#action-result"
  >
    <input type="hidden" name="target" value="${name}" />
    <button type="submit">Send a trial</button>
  </form>`;
  const where = address === null ? html`in the program` : html`<code>${address}</code>`;
  return [html`${name}`, html`${kind}`, where, isReadOnly ? html`–` : trial];
}

function incidentTable(caption: string, incidents: readonly AlertIncident[], empty: string): Html {
  return table(
    caption,
    ['Rule', 'Cause', 'Now', 'In all', 'Since', 'Over', 'Sagas', 'Last error'],
    incidents.map(({ rule, cause, now, total, openedAtMs, resolvedAtMs, sagas, error }) => [
      rule,
      Object.values(cause).join(', '),
      now.toLocaleString('en'),
      total.toLocaleString('en'),
      relativeTime(openedAtMs),
      resolvedAtMs === null ? '–' : relativeTime(resolvedAtMs),
      // How an id begins is its time: those of one incident would all look alike.
      html`${sagas.map((id) => html`${sagaLink(id, `…${id.slice(-6)}`)} `)}`,
      error ?? '–',
    ]),
    empty,
    [2, 3],
  );
}

function messageTable({ items, nextCursor }: Paged<AlertMessage>): Html {
  return html`${table(
    'Messages',
    ['Message', 'To', 'Made', 'Tries', 'Stands', 'Last fault'],
    items.map((message) => [
      html`${message.kind}: ${summaryOf(message)}`,
      message.target,
      relativeTime(message.createdAtMs),
      message.attempts,
      standing(message),
      message.error ?? '–',
    ]),
    'None so far.',
    [3],
  )}
  ${
    nextCursor === null
      ? ''
      : html`<nav class="pager" aria-label="More messages">
          <a class="button" rel="next" href="/alerts?cursor=${nextCursor}">Older</a>
        </nav>`
  }`;
}

function standing({ outcome, dueAtMs, error }: AlertMessage): Html {
  if (outcome === 'delivered') return badge('tone-good', '✓', 'delivered');
  if (outcome === 'given-up') return badge('tone-bad', '✗', 'given up');
  if (error === null || dueAtMs === null) return badge('tone-busy', '●', 'on its way');
  return html`${badge('tone-warn', '!', 'not taken')} ${countdown(dueAtMs)}`;
}

function badge(tone: string, icon: string, word: string): Html {
  return html`<span class="badge ${tone}"
    ><span class="icon" aria-hidden="true">${icon}</span> ${word}</span
  >`;
}
