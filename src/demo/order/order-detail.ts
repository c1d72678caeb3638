/**
 * One saga on the order page: what it is at in words, its rail, and the commands that are legal.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { distinctChoices } from '../../core/turn/legal-reason.ts';
import { railOf } from '../../explain/rail.ts';
import type { SagaState } from '../../core/state.ts';
import type { SagaSummary } from '../../store/read-models.ts';
import type { Html } from '../../server/dashboard/frame/html.ts';
import { emptyState } from '../../server/dashboard/frame/layout.ts';
import { railView } from '../../server/dashboard/saga/rail-view.ts';
import { scopeInWords } from '../../explain/command-scope.ts';
import { commandButton } from '../../server/dashboard/saga/saga-actions.ts';
import { sagaPath, sagaStanding } from '../../server/dashboard/saga/saga-view.ts';

export interface SagaDetail {
  readonly saga: SagaSummary;
  readonly state: SagaState;
  /** `undefined`: its version is not registered here. */
  readonly definition: SagaDefinition | undefined;
  readonly isReadOnly: boolean;
}

/** The saga. */
export function sagaDetail({ saga, state, definition, isReadOnly }: SagaDetail): Html {
  const rail = definition === undefined ? null : railOf(definition, state);
  const name = `${saga.type} ${saga.key ?? saga.id}`;
  const scope = { name, state };
  const choices = isReadOnly ? [] : distinctChoices(state);
  const buttons = choices.flatMap(({ command, isLegal }) =>
    isLegal && command !== 'edit-context' ? [command] : [],
  );
  return html`<h2>Saga <a href="${sagaPath(saga.id)}">${saga.key ?? saga.id}</a></h2>
    ${sagaStanding(state, definition)} ${rail === null ? '' : railView(rail)}
    ${
      buttons.length === 0
        ? ''
        : html`<div class="commands">
            ${buttons.map((command) =>
              commandButton(saga.id, command, state.seq, scopeInWords(scope, command)),
            )}
          </div>`
    }
    <p class="quiet">
      Turn ${state.seq}. <a href="${sagaPath(saga.id)}">History, statechart, and why</a>
    </p>`;
}

/** Before one is chosen. */
export function noSagaChosen(): Html {
  return html`<h2>One saga</h2>
    ${emptyState(
      'No saga is chosen.',
      'Place an order, or choose one from the list, to see its steps.',
    )}`;
}

/** For an id that is not known, or a state that cannot be read. */
export function sagaUnavailable(title: string, detail: string): Html {
  return html`<h2>${title}</h2>
    <p class="note tone-bad">${detail}</p>`;
}
