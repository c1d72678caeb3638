/**
 * The newest dead letters in one line each, with the button to try again; all decisions are on the
 * page of dead letters.
 */
import { html } from 'hono/html';
import type { DeadLetter } from '../../store/read-models.ts';
import { letterInWords } from '../../server/dashboard/dead-letters/letter-words.ts';
import { relativeTime, type Html, sagaLink, table } from '../../server/dashboard/frame/html.ts';
import { commandButton } from '../../server/dashboard/saga/saga-actions.ts';
import { badge } from '../../server/dashboard/frame/status-badge.ts';

/** A letter and the present version of its saga. */
export interface ShownLetter {
  readonly letter: DeadLetter;
  readonly seq: number;
}

/** The list. */
export function deadLetterTable(letters: readonly ShownLetter[], isReadOnly: boolean): Html {
  return table(
    'Dead letters, newest first',
    ['Saga', 'Type', 'Status', 'Error', 'Done', 'Maybe', 'Compensated', 'Outstanding', 'Since', ''],
    letters.map(({ letter, seq }) => {
      const { error, done, maybe, compensated, outstanding } = letterInWords(letter);
      return [
        sagaLink(letter.sagaId, letter.key ?? letter.sagaId),
        letter.type,
        badge(letter.kind),
        html`<span class="error">${error}</span>`,
        done,
        maybe,
        compensated,
        outstanding,
        relativeTime(letter.openedAtMs),
        isReadOnly ? '' : commandButton(letter.sagaId, 'retry', seq),
      ];
    }),
    'Nothing was given up on.',
  );
}
