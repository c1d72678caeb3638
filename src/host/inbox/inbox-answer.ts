/**
 * What is written down of a row of the inbox once it was dealt with: for the process that asked, or
 * for the person who reads why it was refused.
 */
import type { Refusal } from '../refusal.ts';
import type { StartResult } from '../saga-handle.ts';

/** The row that a turn deals with. */
export interface InboxRef {
  readonly id: number;
  /** Another process waits for the answer; without one the row goes away. */
  readonly isRequest: boolean;
}

export type InboxAnswer =
  | ({ readonly kind: 'started' } & StartResult)
  /** The saga's `seq` after the turn. */
  | { readonly kind: 'turn'; readonly seq: number }
  /** What work of the owner gave, as JSON. */
  | { readonly kind: 'done'; readonly value: unknown }
  | InboxRefusal;

/** Why a row was refused. */
export type InboxRefusal = { readonly kind: 'refused' } & Refusal;

/** What the writer is told of the row: its answer where somebody waits for it. */
export function settledRow({ id, isRequest }: InboxRef, answer: InboxAnswer) {
  return { id, answer: isRequest ? JSON.stringify(answer) : null };
}

/** An answer as it is stored; the engine wrote it. */
export function parseAnswer(text: string): InboxAnswer {
  return JSON.parse(text) as InboxAnswer;
}
