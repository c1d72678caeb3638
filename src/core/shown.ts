/** How a value from outside the types is shown in a message: short, whatever it is. */
import { redactText } from './secrets/redact.ts';

/** Longest text shown of a value. */
const MAX_SHOWN_LENGTH = 40;

/** A text in quotes, a number as it is, anything larger by its kind. Never throws. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      // An address may have a password in it.
      return `"${clipped(redactText(value))}"`;
    case 'undefined':
    case 'number':
    case 'boolean':
      return String(value);
    case 'bigint':
      return `${clipped(String(value))}n`;
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      return shownObject(value);
  }
}

function shownObject(value: object | null): string {
  if (value === null) return 'null';
  try {
    if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype) {
      const names = Object.keys(value);
      return names.length === 0 ? 'an empty object' : `an object with ${clipped(names.join(', '))}`;
    }
    const name: unknown = value.constructor.name;
    return typeof name === 'string' && name !== '' ? `a ${clipped(name)}` : 'a class instance';
  } catch {
    return 'a value that cannot be looked at'; // hostile, like a revoked Proxy
  }
}

function clipped(text: string): string {
  if (text.length <= MAX_SHOWN_LENGTH) return text.toWellFormed();
  return `${text.slice(0, MAX_SHOWN_LENGTH)}…`.toWellFormed();
}
