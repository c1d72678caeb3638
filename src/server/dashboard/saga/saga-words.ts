/**
 * What a saga is doing and what happens next, as one sentence.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { legalEvents } from '../../../core/turn/legal.ts';
import { outlookOf, type Prospect } from '../../../explain/outlook.ts';
import { isOver, type SagaState } from '../../../core/state.ts';
import { pendingStartOf } from '../../../core/turn/waiting-room.ts';
import { countdown, type Html } from '../frame/html.ts';

/** The sentence. `definition` undefined: its version is not registered here. */
export function nextInWords(definition: SagaDefinition | undefined, state: SagaState): Html {
  switch (state.status) {
    case 'running':
    case 'compensating':
    case 'waiting':
      return busyInWords(definition, state);
    case 'paused':
      return html`It is paused: it stands still until a person resumes it.`;
    case 'completed':
      return html`All steps are done.`;
    case 'compensated':
      return html`What was done is compensated.`;
    case 'compensation_failed':
      return isOver(state)
        ? html`It ended with something left uncompensated: a person accepted that.`
        : html`${failedCompensation(state)} A person decides.`;
    case 'failed':
      return isOver(state)
        ? html`It ended with something left undone: a person accepted that.`
        : html`It failed after its point of no return. A person decides.`;
    case 'parked':
      return html`The engine cannot go on: ${state.parkReason?.message ?? 'no reason recorded'}.`;
    case 'terminated':
      return html`It was stopped without compensating.`;
  }
}

/** "attempt 2 of 5", or "attempt 2" where nothing says how many there are. */
export function attemptInWords(attempt: number, budget: number | null): string {
  return budget === null ? `attempt ${attempt}` : `attempt ${attempt} of ${budget}`;
}

/** A prospect in words: "refundPayment, attempt 2 of 5, in 1.3 s". */
export function prospectInWords(prospect: Prospect): Html {
  switch (prospect.kind) {
    case 'attempt':
      return html`<b>${prospect.activity}</b>,
        ${
          prospect.childId === null
            ? html`${attemptInWords(prospect.attempt, prospect.budget)}, is
              running${prospect.dispatches > 1 ? `, started ${prospect.dispatches} times` : ''}`
            : html`a saga of its own, is running`
        }`;
    case 'retry':
      return html`<b>${prospect.activity}</b>, ${attemptInWords(prospect.attempt, prospect.budget)},
        ${countdown(prospect.dueMs)}`;
    case 'timer':
      return html`<b>${prospect.delay}</b> ${countdown(prospect.dueMs)}`;
  }
}

function busyInWords(definition: SagaDefinition | undefined, state: SagaState): Html {
  const start = pendingStartOf(state);
  if (start?.kind === 'scheduled') return html`It begins ${countdown(start.startAtMs)}.`;
  if (start !== null) return html`It waits for a place among the sagas of its type.`;
  if (definition === undefined) return html`Its version is not registered here.`;
  const prospects = outlookOf(definition, state);
  const moves = prospects.filter(({ kind }) => kind !== 'timer');
  const events = legalEvents(state);
  // What else is due is told apart, unless nothing else would happen.
  const told = moves.length > 0 ? moves : prospects.slice(0, 1);
  const waits =
    moves.length === 0 && events.length > 0 ? [html`it waits for ${orList(events)}`] : [];
  const parts = [...waits, ...told.map(prospectInWords)];
  if (parts.length === 0) return html`It waits for a person.`;
  return html`Next: ${parts.map((part, index) => (index === 0 ? part : html`; ${part}`))}`;
}

function orList(words: readonly string[]): Html {
  return html`${words.map((word, index) => html`${index === 0 ? '' : ' or '}<b>${word}</b>`)}`;
}

function failedCompensation({ steps }: SagaState): string {
  for (const { compensation } of steps) {
    if (compensation?.status !== 'failed') continue;
    return `${compensation.name} gave up after ${countInWords(compensation.attempts)}.`;
  }
  return 'A compensation gave up.';
}

function countInWords(attempts: number): string {
  return attempts === 1 ? 'one attempt' : `${attempts} attempts`;
}
