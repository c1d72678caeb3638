/**
 * Looks over JSON text for what `JSON.parse` lets through: deep nesting, floods of keys, keys that
 * stand twice, and keys that reach prototypes.
 *
 * One pass, no recursion, no copy of the text. It does not check the grammar: the parser does.
 */

/** Deepest nesting accepted. */
const MAX_DEPTH = 64;
/** Most keys accepted, all objects together. */
const MAX_KEYS = 10_000;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What is wrong with the text, as the end of a sentence; `null` when nothing is. */
export function findJsonFlaw(text: string): string | null {
  // Per open container: the keys seen for an object, null for an array.
  const open: (Set<string> | null)[] = [];
  let keyCount = 0;
  let isKeyNext = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    switch (char) {
      case '{':
      case '[': {
        const isObject = char === '{';
        open.push(isObject ? new Set() : null);
        isKeyNext = isObject;
        if (open.length > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
        break;
      }
      case '}':
      case ']':
        open.pop();
        isKeyNext = false;
        break;
      case ',':
        isKeyNext = open.at(-1) instanceof Set;
        break;
      case '"': {
        const end = endOfString(text, index);
        if (end === -1) return 'is not JSON: a string has no end';
        const keys = open.at(-1);
        if (isKeyNext && keys instanceof Set) {
          keyCount += 1;
          if (keyCount > MAX_KEYS) return `has more than ${MAX_KEYS} keys`;
          const flaw = addKey(keys, text.slice(index, end + 1));
          if (flaw !== null) return flaw;
          isKeyNext = false;
        }
        index = end;
        break;
      }
    }
  }
  return null;
}

/** Position of the closing quote of the string that opens at `start`; -1 without one. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') return index;
    if (char === '\\') index += 1;
  }
  return -1;
}

function addKey(keys: Set<string>, quoted: string): string | null {
  const key = unquote(quoted);
  if (key === null) return 'is not JSON: a key is not a string';
  if (FORBIDDEN_KEYS.has(key)) return `has the key "${key}", which is not accepted`;
  if (keys.has(key)) return `has the key ${JSON.stringify(key.slice(0, 60))} twice in one object`;
  keys.add(key);
  return null;
}

// Escapes can spell the same key in two ways, so keys are compared as they come out.
function unquote(quoted: string): string | null {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : null;
  } catch {
    return null; // a broken escape: the caller refuses the text
  }
}
