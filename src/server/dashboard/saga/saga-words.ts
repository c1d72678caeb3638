/**
 * Sentences about a saga as pages show them: names stand out, and times count down.
 */
import { html } from 'hono/html';
import type { Sentence } from '../../../explain/sentence.ts';
import { countdown, type Html } from '../frame/html.ts';

/** The sentence. */
export function sentenceView(sentence: Sentence): Html {
  return html`${sentence.map((word) => {
    if (typeof word === 'string') return word;
    return 'name' in word ? html`<b>${word.name}</b>` : countdown(word.dueMs);
  })}`;
}
