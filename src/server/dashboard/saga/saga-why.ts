/**
 * Why a saga is where it is, and what it waits for: the turn that brought it here, what is under
 * way, which timers run, which events it takes and what guards them.
 */
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { waysOutOf } from '../../../explain/chart.ts';
import { triggerOf } from '../../../explain/event-words.ts';
import type { JournalRecord } from '../../../core/turn/inbound.ts';
import { legalEvents } from '../../../core/turn/legal.ts';
import { prospectInWords } from '../../../explain/next-words.ts';
import { outlookOf, type Prospect } from '../../../explain/outlook.ts';
import { isOver, isStill, type SagaState } from '../../../core/state.ts';
import { exactTime, type Html, tookTime } from '../frame/html.ts';
import { commandInWords } from './saga-actions.ts';
import { sentenceView } from './saga-words.ts';

/** The explanation. `last`: the turn that led to this state. */
export function sagaWhy(
  definition: SagaDefinition,
  state: SagaState,
  last: JournalRecord | undefined,
): Html {
  const prospects = outlookOf(definition, state);
  const events = legalEvents(state);
  return html`${last === undefined ? '' : html`<p>${lastTurn(definition, last)}</p>`}
    <dl class="facts">
      ${fact('Under way', prospects.filter(isAttempt).map(attemptFact))}
      ${fact(
        'Due',
        prospects
          .filter((each) => !isAttempt(each))
          .map((each) => sentenceView(prospectInWords(each))),
      )}
      ${fact(
        isStill(state) ? 'Takes the event once it goes on' : 'Takes the event',
        events.map((type) => html`<b>${type}</b>`),
      )}
      ${fact(
        'Came early, kept',
        state.early.map(({ event }) => html`<b>${event.type}</b>`),
      )}
    </dl>
    ${isOver(state) ? '' : waysOut(definition, state)}
    ${
      prospects.length === 0 && events.length === 0
        ? html`<p class="quiet">Nothing happens by itself, and it waits for no event.</p>`
        : ''
    }`;
}

// Guards are told, not asked: what they answer depends on the event that comes.
function waysOut(definition: SagaDefinition, state: SagaState): Html | string {
  const ways = waysOutOf(definition, state);
  if (ways.length === 0) return '';
  return html`<details>
    <summary>Every way out of here (${ways.length})</summary>
    <ul class="ways">
      ${ways.map(
        ({ trigger, guard, to }) =>
          html`<li>
            <b>${trigger.kind === 'always' ? 'at once' : trigger.words}</b>${
              guard === null ? '' : html`, if <code>${guard}</code>`
            }
            → <code>${to}</code>
          </li>`,
      )}
    </ul>
  </details>`;
}

function lastTurn(
  definition: SagaDefinition,
  { sagaSeq, inbound, event, from, to, atMs, kind, note }: JournalRecord,
): Html {
  const words =
    inbound.kind === 'command'
      ? commandInWords(inbound.command.name)
      : triggerOf(definition, event).words;
  const came = html`Turn ${sagaSeq} at ${exactTime(atMs)}: <b>${words}</b>`;
  const led =
    kind === 'note' || from === to
      ? html` and it stayed in <code>${to}</code>`
      : from === null
        ? html` led to <code>${to}</code>`
        : html` led from <code>${from}</code> to <code>${to}</code>`;
  return html`${came}${led}${note === undefined ? '' : `: ${note}`}.`;
}

function isAttempt(prospect: Prospect): prospect is Extract<Prospect, { kind: 'attempt' }> {
  return prospect.kind === 'attempt';
}

function attemptFact(attempt: Extract<Prospect, { kind: 'attempt' }>): Html {
  const { childId, timeoutMs } = attempt;
  return html`${sentenceView(prospectInWords(attempt))}${
    timeoutMs === null ? '' : `, for at most ${tookTime(timeoutMs)}`
  }${
    childId === null ? '' : html`: <a href="/sagas/${encodeURIComponent(childId)}">look at it</a>`
  }`;
}

function fact(title: string, items: readonly Html[]): Html | string {
  if (items.length === 0) return '';
  return html`<div>
    <dt>${title}</dt>
    ${items.map((item) => html`<dd>${item}</dd>`)}
  </div>`;
}
