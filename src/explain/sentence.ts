/**
 * Sentences as data: what stands out in them and which times they tell is kept apart from the words,
 * so that a page can mark names and count down, and a terminal or an API can say the same in text.
 *
 * Pure.
 */
import { isoText } from '../core/iso-time.ts';

/** A word of it: plain text, a name that stands out, or the time at which something is due. */
export type Word = string | { readonly name: string } | { readonly dueMs: number };

export type Sentence = readonly Word[];

/** The sentence as text, its times in UTC. */
export function sentenceText(sentence: Sentence): string {
  return sentence
    .map((word) => {
      if (typeof word === 'string') return word;
      return 'name' in word ? word.name : `at ${isoText(word.dueMs)}`;
    })
    .join('');
}

/** Sentences one after the other, with a text between them. */
export function joined(sentences: readonly Sentence[], between: string): Sentence {
  return sentences.flatMap((sentence, index) => (index === 0 ? sentence : [between, ...sentence]));
}
