/**
 * What a person may do to a saga: every command, the legal ones as buttons that name what they
 * reach, the others with the reason why not; and the events that it waits for.
 */
import { html } from 'hono/html';
import { COMMAND_NAMES, type CommandName } from '../../../core/turn/inbound.ts';
import {
  type CommandChoice,
  commandChoices,
  distinctChoices,
} from '../../../core/turn/legal-reason.ts';
import { legalEvents } from '../../../core/turn/legal.ts';
import type { StandardSchema } from '../../../core/standard-schema.ts';
import { type NamedSaga, scopeInWords } from '../../../explain/command-scope.ts';
import { eventForm, slugOf } from '../forms/event-form.ts';
import { schemaForm } from '../forms/schema-form.ts';
import { type Html, readOnlyNote } from '../frame/html.ts';

/** A saga as its actions name it. */
export interface ActionScope extends NamedSaga {
  readonly id: string;
  /** Members of the context that may be edited; `null`: any. */
  readonly editable: readonly string[] | null;
  /** What its events must carry, by type; any JSON for a type that is not there. */
  readonly events: ReadonlyMap<string, StandardSchema>;
  /** True: this server takes no commands, whatever would be legal. */
  readonly isReadOnly: boolean;
}

const LABELS: Readonly<Record<CommandName, string>> = {
  retry: 'Retry',
  skip: 'Skip',
  'accept-partial': 'Accept as it is',
  compensate: 'Compensate now',
  'edit-context': 'Edit the context',
  resume: 'Resume',
  pause: 'Pause',
  cancel: 'Cancel and compensate',
  terminate: 'Terminate without compensating',
};

/** What the button of a command says; anything else in the audit is its own name. */
export function commandInWords(given: string): string {
  const command = COMMAND_NAMES.find((name) => name === given);
  return command === undefined ? given : LABELS[command];
}

/** Commands whose reason matters later: what they do cannot be taken back. */
const WITH_REASON: readonly CommandName[] = [
  'skip',
  'accept-partial',
  'compensate',
  'cancel',
  'terminate',
];

/** Every command. */
export function sagaActions(scope: ActionScope): Html {
  if (scope.isReadOnly) return nothingHere(scope);
  const choices = distinctChoices(scope.state);
  const legal = choices.filter(({ isLegal }) => isLegal);
  const others = choices.filter(({ isLegal }) => !isLegal);
  return html`${
    legal.length === 0
      ? html`<p class="quiet">No command is legal any more.</p>`
      : html`<ul class="actions">
          ${legal.map(({ command }) => html`<li>${commandForm(scope, command)}</li>`)}
        </ul>`
  }
  ${eventForms(scope)}
  ${
    others.length === 0
      ? ''
      : html`<details>
          <summary>Not now (${others.length})</summary>
          ${refusedList(others)}
        </details>`
  }`;
}

/** Every command of a server that takes none: those that would be legal elsewhere, and the rest. */
function nothingHere({ state }: ActionScope): Html {
  const choices = commandChoices(state).map(({ command, reason }) => ({
    command,
    reason: reason ?? 'It would be legal now, but this server only shows.',
  }));
  return html`${readOnlyNote('no command is taken here')} ${refusedList(choices)}`;
}

function refusedList(choices: readonly Pick<CommandChoice, 'command' | 'reason'>[]): Html {
  return html`<ul class="actions">
    ${choices.map(
      ({ command, reason }) =>
        html`<li>
          <button type="button" disabled>${LABELS[command]}</button>
          <span class="quiet">${reason}</span>
        </li>`,
    )}
  </ul>`;
}

/** One command as a lone button, for lists; `question` is asked before it. */
export function commandButton(
  id: string,
  command: CommandName,
  seq: number,
  question: string | null = null,
): Html {
  return commandFrame(
    id,
    command,
    question,
    html`<input type="hidden" name="expected_version" value="${seq}" />
      <button type="submit" class="${command === 'terminate' ? 'danger' : ''}">
        ${LABELS[command]}
      </button>`,
  );
}

function commandForm(scope: ActionScope, command: CommandName): Html {
  const question = scopeInWords(scope, command);
  const version = html`<input type="hidden" name="expected_version" value="${scope.state.seq}" />`;
  if (command === 'edit-context') return editForm(scope, version);
  const reason = WITH_REASON.includes(command)
    ? reasonField(`Reason to ${LABELS[command].toLowerCase()}`)
    : '';
  const button = html`<button type="submit" class="${command === 'terminate' ? 'danger' : ''}">
    ${LABELS[command]}
  </button>`;
  return html`${commandFrame(scope.id, command, question, html`${version} ${button} ${reason}`)}
  ${question === null ? '' : html`<p class="quiet">${question}</p>`}`;
}

function reasonField(label: string): Html {
  return html`<label class="inline"
    ><span class="visually-hidden">${label}</span
    ><input name="reason" placeholder="Reason, for the audit" maxlength="500" autocomplete="off"
  /></label>`;
}

function commandFrame(
  id: string,
  command: CommandName,
  question: string | null,
  content: Html,
): Html {
  const action = `/sagas/${encodeURIComponent(id)}/commands/${command}`;
  return html`<form
    class="action"
    method="post"
    action="${action}"
    hx-post="${action}"
    hx-target="#action-result"
    ${question === null ? '' : html`hx-confirm="${question}"`}
  >
    ${content}
  </form>`;
}

function editForm({ id, state, editable }: ActionScope, version: Html): Html {
  const context = state.snapshot.context as Readonly<Record<string, unknown>>;
  const names = (editable ?? Object.keys(context)).join(', ');
  return html`<details>
    <summary>${LABELS['edit-context']}</summary>
    ${commandFrame(
      id,
      'edit-context',
      null,
      html`${version}
        <label
          >Members to replace, as a JSON object that no schema refuses; any of: ${names}
          <textarea name="context" rows="4" required spellcheck="false">{}</textarea>
        </label>
        <label>Reason <input name="reason" maxlength="500" autocomplete="off" /></label>
        <button type="submit">${LABELS['edit-context']}</button>`,
    )}
  </details>`;
}

/** One form for each event that it takes now. */
function eventForms({ id, state, events }: ActionScope): Html {
  const types = legalEvents(state);
  return html`${types.map(
    (type) =>
      html`<details id="send-${id}-${slugOf(type)}" ${types.length === 1 ? 'open' : ''}>
        <summary>Send ${type}</summary>
        ${schemaForm(eventForm(id, type, events.get(type) ?? null))}
      </details>`,
  )}`;
}
