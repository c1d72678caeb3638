/**
 * Hides secrets in values that leave the process: by the name of the property they stand under,
 * where a text names them, and by a rule of the user's own.
 *
 * Pure. Must never change the value it is given. Invariant: what has been through it comes out of
 * it as it went in, the same object where nothing was to hide.
 */
import { hideInText, REDACTED, type HideValue } from './redact-text.ts';
import { MachineError } from '../thrown.ts';
import { isCardDetail, isCardKind, isSecretName } from './secret-names.ts';

/** A user's own rule: true hides what stands under that property name. */
export type HidesMember = (name: string, value: unknown) => boolean;

/** A copy of a value with every secret hidden. */
export type Redact = (value: unknown) => unknown;

/** Deeper than any value that the engine accepts. */
const MAX_DEPTH = 100;

/**
 * Makes the function that hides: every property whose name has a secret word in it (`cardNumber`,
 * `api_token`, `apikeys`), what `hides` says beside, the details of a card, and secrets that a text
 * names, JSON within the text included.
 */
export function createRedact(hides: HidesMember = () => false): Redact {
  const isSecret = nameRule();
  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return hideInText(value, (inner) => copy(inner, depth + 1));
    if (value === null || typeof value !== 'object') return value;
    if (depth >= MAX_DEPTH) return REDACTED;
    return Array.isArray(value) ? copyList(value, depth) : copyObject(value, depth);
  };
  const copyList = (list: readonly unknown[], depth: number): unknown => {
    const shown = list.map((item) => copy(item, depth + 1));
    return shown.some((item, index) => item !== list[index]) ? shown : list;
  };
  const copyObject = (given: object, depth: number): unknown => {
    // An error is shown as it is stored, which its members alone do not tell.
    const value = given instanceof MachineError ? given.toJSON() : given;
    const isCard = isCardKind(value);
    let isChanged = false;
    const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
      const isHidden = isSecret(name, member) || hides(name, member);
      const shown = isHidden || (isCard && isCardDetail(name)) ? REDACTED : copy(member, depth + 1);
      const shownName = hideInText(name, NOTHING_INSIDE);
      isChanged ||= shown !== member || shownName !== name;
      return [shownName, shown];
    });
    // Members that `JSON.stringify` would not see, as those of a Date, are never looked at.
    return isChanged ? Object.fromEntries(members) : value;
  };
  return (value) => copy(value, 0);
}

/** Names are few and come again and again: those without a secret are remembered, so many at most. */
const MAX_HARMLESS = 5_000;
const MAX_NAME_LENGTH = 100;

function nameRule(): (name: string, value: unknown) => boolean {
  const harmless = new Set<string>();
  return (name, value) => {
    if (harmless.has(name)) return false;
    // What the value says can only make a name harmless that is not by itself.
    if (isSecretName(name)) return isSecretName(name, value);
    if (harmless.size < MAX_HARMLESS && name.length <= MAX_NAME_LENGTH) harmless.add(name);
    return false;
  };
}

/** The rule that hides members of these names, in any case. */
export function hidesNamed(list: readonly string[]): HidesMember {
  const names = new Set(list.map((name) => name.toLowerCase()));
  return (name) => names.has(name.toLowerCase());
}

/** A text with the secrets hidden that it names; for texts that no user's rule is about. */
export function redactText(text: string): string {
  return hideInText(text, DEFAULT_RULE);
}

const DEFAULT_RULE: HideValue = createRedact();
const NOTHING_INSIDE: HideValue = (value) => value;
