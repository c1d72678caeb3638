/**
 * What a token must be, so that nobody guesses it.
 */

/** 128 bits in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
/** A random token of that length has about fourteen different ones. */
const MIN_TOKEN_CHARACTERS = 8;

/** Goes on "give ...". */
export const TOKEN_WANTS = `a random text of at least ${MIN_TOKEN_LENGTH} characters without blanks`;

/** True for a text that could be random. */
export function isToken(text: string): boolean {
  if (text.length < MIN_TOKEN_LENGTH || /\s/.test(text)) return false;
  const isRepeated = `${text}${text}`.indexOf(text, 1) < text.length;
  return !isRepeated && new Set(text).size >= MIN_TOKEN_CHARACTERS;
}
