/**
 * Finds secrets in texts: `password=x`, `Authorization: Bearer x`, an address with a password in
 * it, JSON within the text, the number of a card.
 *
 * Pure, and its time grows with the length of the text alone. When in doubt it hides more: what
 * follows a secret's name is hidden to the end of its line.
 */
import { isSecretName } from './secret-names.ts';

/** What a hidden value reads as. */
export const REDACTED = '[redacted]';

/** Hides in a value that was found within a text. */
export type HideValue = (value: unknown) => unknown;

/** A single word, which names nothing, has none of these; most texts end here. */
const SENTENCE = /[\s=:]|\d{4}[ -]?\d{4}/;
/** A text without any of these names no secret. */
const SUSPECT =
  /pass|pwd|pin|otp|token|secret|auth|credential|cookie|key|session|code|bearer|basic|jwt|card|cv[cv]|:\/\/|\d[ -]?\d{3}[ -]?\d{4}/i;

const USERINFO = /(:\/\/)[^\s/?#"'<>]*@/g;
/** `Bearer x`; `basic` is also a word of prose. */
const SCHEME = /\b(bearer|basic)(\s+)([\w.~+/=-]+)/gi;
const ASSIGNS = /=>|:=|=|:/g;
/** In a name that may be secret; which one is decides the rule for names. */
const STEM =
  /pass|pwd|pin|otp|token|secret|auth|credential|cookie|key|session|code|jwt|card|cv[cv]/gi;
const NAME_CHAR = /[\w$.-]/;
/** "the password for kim is x": up to three words of prose, then what is looked at. */
const PROSE_THEN_WORD = /^((?:[ \t]+[a-z]{1,8}){0,3}[ \t]+)([^\s,;]+)/;
const LONG_NUMBER = /\b[2-6](?:[ -]?\d){12,18}\b/g;
/** A scheme that is only spoken of: "send it as Authorization: Bearer." */
const SCHEME_ALONE = /^(?:bearer|basic)\W*(?=\n|$)/i;

/** Longest name that is looked for before an assignment, and longest piece of prose after one. */
const MAX_NAME_LENGTH = 120;
const MAX_PROSE_LENGTH = 200;
/** Values in JSON that are looked for in one text. */
const MAX_JSON_PARTS = 20;

/** The text with what it names hidden; `hide` is for JSON within it. */
export function hideInText(text: string, hide: HideValue): string {
  if (!SENTENCE.test(text) || !SUSPECT.test(text)) return text;
  const plain = hideJson(text, hide).replace(USERINFO, `$1${REDACTED}@`);
  const schemes = plain.replace(SCHEME, (whole, scheme: string, gap: string, word: string) =>
    isPlainWord(word) ? whole : `${scheme}${gap}${REDACTED}`,
  );
  const named = hideNamed(hideAssigned(schemes));
  return named.replace(LONG_NUMBER, (digits) => (isCardNumber(digits) ? REDACTED : digits));
}

/** JSON that stands in the text as a whole or in part is read, and hidden in as a value. */
function hideJson(text: string, hide: HideValue): string {
  let shown = '';
  let from = 0;
  let parts = 0;
  for (let at = nextJson(text, 0); at !== -1; at = nextJson(text, at)) {
    parts += 1;
    if (parts > MAX_JSON_PARTS) break;
    const end = endOf(text, at);
    const value = end === null ? undefined : parsed(text.slice(at, end));
    if (end === null || value === undefined) {
      at += 1;
      continue;
    }
    const hidden = hide(value);
    if (hidden !== value) {
      shown += text.slice(from, at) + JSON.stringify(hidden);
      from = end;
    }
    at = end;
  }
  return from === 0 ? text : shown + text.slice(from);
}

function nextJson(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '{' || text[at] === '[') return at;
  }
  return -1;
}

/** Behind the bracket that closes the one at `at`; `null`: none does. */
function endOf(text: string, at: number): number | null {
  let depth = 0;
  let isQuoted = false;
  for (let index = at; index < text.length; index += 1) {
    const char = text[index];
    if (char === '\\') index += 1;
    else if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (char === '{' || char === '[')) depth += 1;
    else if (!isQuoted && (char === '}' || char === ']')) {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return null;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // brackets of another kind
  }
}

function hideAssigned(text: string): string {
  let shown = '';
  let from = 0;
  for (const { 0: sign, index } of text.matchAll(ASSIGNS)) {
    if (index < from) continue;
    const name = nameBefore(text, index);
    if (name === null || name.at < from || !isSecretHere(text, name)) continue;
    const valueAt = blanksFrom(text, index + sign.length);
    const end = endOfValue(text, valueAt, name);
    if (end === valueAt || SCHEME_ALONE.test(text.slice(valueAt))) continue;
    shown += text.slice(from, valueAt) + hiddenValue(text.slice(valueAt, end));
    from = end;
  }
  return from === 0 ? text : shown + text.slice(from);
}

interface FoundName {
  readonly text: string;
  readonly at: number;
  readonly isQuoted: boolean;
}

/** The name that ends before `at`, maybe in quotes, blanks between; `\"` as in JSON within JSON. */
function nameBefore(text: string, at: number): FoundName | null {
  const least = Math.max(0, at - MAX_NAME_LENGTH);
  let end = at;
  while (end > least && /\s/.test(text[end - 1] ?? '')) end -= 1;
  const isQuoted = end > least && isQuote(text[end - 1]);
  if (isQuoted) {
    do end -= 1;
    while (text[end - 1] === '\\');
  }
  let start = end;
  while (start > least && NAME_CHAR.test(text[start - 1] ?? '')) start -= 1;
  return start === end ? null : { text: text.slice(start, end), at: start, isQuoted };
}

// "card number: 4", where only both words together name a secret.
function isSecretHere(text: string, { text: name, at }: FoundName): boolean {
  if (isSecretName(name)) return true;
  const before = nameBefore(text, at);
  if (before === null || before.isQuoted || before.at + before.text.length === at) return false;
  return isSecretName(`${before.text} ${name}`) && !isSecretName(before.text);
}

/** A quoted value ends with its quote, one of an address at `&`, any other with its line. */
function endOfValue(text: string, at: number, name: FoundName): number {
  if (text.startsWith(REDACTED, at)) return at;
  const quote = quoteAt(text, at);
  if (quote !== '') return closingQuote(text, at, quote);
  const first = text[at];
  if (first === '{' || first === '[') return endOf(text, at) ?? text.length;
  if (isInAddress(text, name.at)) return until(/[\s&"'<>]/);
  // In JSON that was cut, or printed in another way, the value ends where the member does.
  return name.isQuoted ? until(/[\n\r,}\]]/) : until(/[\n\r]/);

  function until(stop: RegExp): number {
    const found = text.slice(at).search(stop);
    return found === -1 ? text.length : at + found;
  }
}

/** The quote that begins a value, with the backslashes that stand before it. */
function quoteAt(text: string, at: number): string {
  let end = at;
  while (text[end] === '\\') end += 1;
  return isQuote(text[end]) ? text.slice(at, end + 1) : '';
}

function closingQuote(text: string, at: number, quote: string): number {
  let from = at + quote.length;
  for (;;) {
    const found = text.indexOf(quote, from);
    if (found === -1) return text.length;
    // One with more backslashes before it is part of the value.
    if (text[found - 1] !== '\\') return found + quote.length;
    from = found + 1;
  }
}

function hiddenValue(value: string): string {
  const quote = quoteAt(value, 0);
  if (quote === '') return REDACTED;
  const isClosed = value.length >= 2 * quote.length && value.endsWith(quote);
  return `${quote}${REDACTED}${isClosed ? quote : ''}`;
}

function isInAddress(text: string, nameAt: number): boolean {
  for (let at = nameAt - 1; at >= 0 && nameAt - at < MAX_PROSE_LENGTH; at -= 1) {
    const char = text[at] ?? ' ';
    if (char === '?' || char === '&' || char === '#') return true;
    if (/\s/.test(char)) return false;
  }
  return false;
}

function blanksFrom(text: string, at: number): number {
  let end = at;
  while (/\s/.test(text[end] ?? '')) end += 1;
  return end;
}

function isQuote(char: string | undefined): boolean {
  return char === '"' || char === "'" || char === '`';
}

/** "the password for kim is x": a word that no sentence would have after such a name. */
function hideNamed(text: string): string {
  let shown = '';
  let from = 0;
  for (const { 0: stem, index } of text.matchAll(STEM)) {
    if (index < from) continue;
    let end = index + stem.length;
    while (NAME_CHAR.test(text[end] ?? '') && end - index < MAX_NAME_LENGTH) end += 1;
    const name = nameBefore(text, end)?.text ?? '';
    const [whole, prose = '', word = ''] =
      PROSE_THEN_WORD.exec(text.slice(end, end + MAX_PROSE_LENGTH)) ?? [];
    if (whole === undefined || !isSecretName(name) || !isSecretWord(name, word)) continue;
    shown += text.slice(from, end) + prose + REDACTED;
    from = end + whole.length;
  }
  return from === 0 ? text : shown + text.slice(from);
}

function isSecretWord(name: string, word: string): boolean {
  if (word.startsWith(REDACTED) || isPlainWord(word)) return false;
  const isOfCard = /card|cv[cv]|pin/i.test(name);
  return isOfCard ? /^\d[\d-]{2,}\W?$/.test(word) : /\d/.test(word) && word.length > 5;
}

function isPlainWord(word: string): boolean {
  return /^[A-Za-z]?[a-z]{0,14}\W?$/.test(word);
}

/** By its check digit. */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (digits.length < 14) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const weighed = index % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
