/**
 * The dead letters: what was given up on, and the button to try again.
 */
import { html } from 'hono/html';
import type { DeadLetter } from '../../store/read-models.ts';
import { isJsonObject } from '../../server/body.ts';
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
    ['Order', 'Status', 'Error', 'Done', 'Maybe', 'Compensated', 'Outstanding', 'Since', ''],
    letters.map(({ letter, seq }) => {
      const content: unknown = JSON.parse(letter.letter);
      const parts = isJsonObject(content) ? content : {};
      return [
        sagaLink(letter.sagaId, letter.key ?? letter.sagaId),
        badge(letter.kind),
        html`<span class="error">${errorText(parts['error'])}</span>`,
        namesOf(parts['done']),
        namesOf(parts['maybe']),
        namesOf(parts['compensated']),
        namesOf(parts['outstanding']),
        relativeTime(letter.openedAtMs),
        isReadOnly ? '' : commandButton(letter.sagaId, 'retry', seq),
      ];
    }),
    'Nothing was given up on.',
  );
}

function namesOf(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return '–';
  return value.map((item: unknown) => nameOf(item)).join(', ');
}

function nameOf(item: unknown): string {
  if (typeof item === 'string') return item;
  return isJsonObject(item) && typeof item['name'] === 'string'
    ? item['name']
    : JSON.stringify(item);
}

function errorText(error: unknown): string {
  if (typeof error === 'string') return error;
  if (!isJsonObject(error)) return '';
  const { code, message } = error;
  return [code, message].filter((part) => typeof part === 'string').join(': ');
}
