/**
 * Hides secrets in a failure as lists and messages tell it, `code: message`: its code names nothing of
 * what follows, though it may sound so (`card-declined`, `token-expired`). Pure.
 */
import { failureOfText } from '../failure.ts';
import type { Redact } from './redact.ts';

/** The text with what each of its two parts names hidden, as where they stand apart. */
export function redactError(text: string, redact: Redact): string {
  const { code, message } = failureOfText(text);
  if (`${code}: ${message}` !== text) return String(redact(text));
  return `${String(redact(code))}: ${String(redact(message))}`;
}
