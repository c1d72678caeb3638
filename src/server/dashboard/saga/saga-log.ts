/**
 * The journal of a saga as a list, with what each turn changed in the saga's context; and the
 * context itself as of one turn.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { triggerOf } from '../../../explain/event-words.ts';
import { authorOf, type JournalRecord } from '../../../core/turn/inbound.ts';
import type { SagaState } from '../../../core/state.ts';
import { type JsonChange, jsonDifference } from './json-difference.ts';
import { type SagaHistory, turnAt } from '../../api/saga-history.ts';
import { exactTime, type Html } from '../frame/html.ts';
import { commandInWords } from './saga-actions.ts';
import { badge } from '../frame/status-badge.ts';

/** Most turns that are listed around the one that is looked at. */
const MAX_SHOWN = 100;
/** Most changes of one turn that are listed; all of them are counted. */
const MAX_CHANGES = 50;
/** Longest text of a value within a list of changes. */
const MAX_VALUE_LENGTH = 120;

export interface SagaLog {
  readonly sagaId: string;
  readonly definition: SagaDefinition | undefined;
  readonly history: SagaHistory;
  /** The turn that is looked at. */
  readonly seq: number;
  /** The last turn of the saga, read here or not. */
  readonly lastSeq: number;
  /** The query of a link to another turn is added to this one. */
  readonly turnLink: (seq: number) => string;
}

/** The list, the oldest turn first. */
export function sagaLog(log: SagaLog): Html {
  const { records } = log.history;
  const end = Math.min(records.length, Math.max(log.seq + MAX_SHOWN / 2, MAX_SHOWN));
  const shown = records.slice(Math.max(0, end - MAX_SHOWN), end);
  return html`<div class="scroll" role="region" aria-label="History" tabindex="0">
      <table class="log">
        <caption class="visually-hidden">
          History: every turn, the oldest first
        </caption>
        <thead>
          <tr>
            <th scope="col" class="number">Turn</th>
            <th scope="col">At</th>
            <th scope="col">What came</th>
            <th scope="col">Where it led</th>
            <th scope="col">Changes</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((record) => logRow(log, record))}
        </tbody>
      </table>
    </div>
    ${
      shown.length === records.length
        ? ''
        : html`<p class="quiet">
            Turns ${shown[0]?.sagaSeq} to ${shown.at(-1)?.sagaSeq} of ${log.lastSeq}: choose one
            above, or another turn by the slider.
          </p>`
    }`;
}

/** The context of a state, and what the last turn changed in it. */
export function contextView(shown: SagaState, before: SagaState | null): Html {
  const context: unknown = shown.snapshot.context;
  const changes = before === null ? [] : changesOf(before, shown);
  return html`${
      before === null
        ? html`<p class="quiet">
            ${shown.seq === 1 ? 'This is how it began.' : 'What was before cannot be replayed.'}
          </p>`
        : changes.length === 0
          ? html`<p class="quiet">Turn ${shown.seq} changed nothing in it.</p>`
          : html`<h3>What turn ${shown.seq} changed</h3>
              ${changeList(changes)}`
    }
    <pre class="json" tabindex="0" aria-label="The whole context">
${JSON.stringify(context, null, 2)}</pre>`;
}

function logRow({ definition, history, seq, turnLink }: SagaLog, record: JournalRecord): Html {
  const { sagaSeq, inbound, atMs, event, from, to, status, note, kind } = record;
  const turn = turnAt(history, sagaSeq);
  const after = turn?.state;
  const before = turnAt(history, sagaSeq - 1)?.state;
  const changes = after === undefined || before === undefined ? [] : changesOf(before, after);
  const known = turn?.definition ?? definition;
  const trigger =
    inbound.kind === 'command'
      ? commandInWords(inbound.command.name)
      : known === undefined
        ? event
        : triggerOf(known, event).words;
  return html`<tr
    ${sagaSeq === seq ? html`class="is-current" aria-current="true"` : ''}
    ${kind === 'note' ? html`class="is-note"` : ''}
  >
    <td class="number"><a href="${turnLink(sagaSeq)}">${sagaSeq}</a></td>
    <td>${exactTime(atMs)}</td>
    <td>${trigger} ${reasonIn(record)}</td>
    <td>
      ${
        kind === 'note' || from === to
          ? html`<span class="quiet">stays in</span> <code>${to}</code>`
          : html`<code>${to}</code>`
      }
      ${badge(status)} ${note === undefined ? '' : html`<span class="quiet">${note}</span>`}
    </td>
    <td>
      ${
        changes.length === 0
          ? html`<span class="quiet">none</span>`
          : html`<details>
              <summary>${changes.length}</summary>
              ${changeList(changes)}
            </details>`
      }
    </td>
  </tr>`;
}

function reasonIn({ inbound }: JournalRecord): Html | string {
  switch (inbound.kind) {
    case 'result':
      return inbound.outcome.kind === 'done'
        ? ''
        : html`<span class="error"
            >${inbound.outcome.failure.code}: ${inbound.outcome.failure.message}</span
          >`;
    case 'command':
    case 'event': {
      const { by, reason } = authorOf(inbound);
      if (inbound.kind === 'event' && by === undefined && reason === undefined) return '';
      const why = reason === undefined ? '' : `: ${reason}`;
      return html`<span class="quiet">by ${by ?? 'unknown'}${why}</span>`;
    }
    case 'park':
      return html`<span class="error">${inbound.failure.message}</span>`;
    case 'told':
      return html`<span class="quiet">from the actor ${inbound.activity}</span>`;
    case 'interrupted':
      return html`<span class="quiet"
        >interrupted:
        ${inbound.wasClean === true ? 'the engine was stopped' : 'the process that ran it is gone'}</span
      >`;
    case 'admit':
      return html`<span class="quiet">there is a place among the sagas of its type</span>`;
    case 'migrate':
      return html`<span class="quiet">from version ${inbound.from} to ${inbound.to}</span>`;
    case 'move':
      return html`<span class="quiet">to ${inbound.place}, by move ${inbound.move}</span>`;
    case 'start':
    case 'timer':
      return '';
  }
}

interface Compared {
  readonly before: SagaState;
  readonly changes: readonly JsonChange[];
}

/** By the state after: a live page shows the same turns again and again. */
const compared = new WeakMap<SagaState, Compared>();

function changesOf(before: SagaState, after: SagaState): readonly JsonChange[] {
  const known = compared.get(after);
  if (known?.before === before) return known.changes;
  const changes = jsonDifference(before.snapshot.context, after.snapshot.context);
  compared.set(after, { before, changes });
  return changes;
}

function changeList(changes: readonly JsonChange[]): Html {
  return html`<ul class="changes">
    ${changes.slice(0, MAX_CHANGES).map(
      ({ path, before, after }) =>
        html`<li>
          <code>${path === '' ? 'context' : path}</code>
          ${before === undefined ? '' : html`<del>${valueText(before)}</del>`}
          ${after === undefined ? html`<span class="quiet">removed</span>` : html`<ins>${valueText(after)}</ins>`}
        </li>`,
    )}
    ${
      changes.length <= MAX_CHANGES
        ? ''
        : html`<li class="quiet">
            and ${(changes.length - MAX_CHANGES).toLocaleString('en')} more
          </li>`
    }
  </ul>`;
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)} …` : text;
}
