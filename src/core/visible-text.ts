/**
 * Text from outside as a terminal may show it: what would move the cursor, turn the writing
 * direction or hide something is spelt out.
 *
 * Pure.
 */

/** Control and format characters, line separators, and halves of characters; no blank. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The text with every character spelt out, as `\u{1b}`, that is not seen as itself. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, (each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`);
}
