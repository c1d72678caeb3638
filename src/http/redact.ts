/**
 * Hides secrets in values that leave the process, by the name of the property they stand under.
 *
 * Must never change the value it is given.
 */

/** What a hidden value reads as. */
const REDACTED = '[redacted]';

const SECRET_WORDS: ReadonlySet<string> = new Set([
  'password',
  'token',
  'secret',
  'authorization',
  'card',
  'cvv',
]);

/** Deeper than any value that the engine accepts. */
const MAX_DEPTH = 100;

/** A copy with every property hidden whose name has a secret word in it: `cardNumber`, `api_token`. */
export function redact(value: unknown): unknown {
  return copy(value, 0);
}

function copy(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (depth === MAX_DEPTH) return REDACTED;
  if (Array.isArray(value)) return value.map((item: unknown) => copy(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [
      name,
      isSecret(name) ? REDACTED : copy(member, depth + 1),
    ]),
  );
}

function isSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.split(/[^a-z0-9]+/).some((word) => SECRET_WORDS.has(word));
}
