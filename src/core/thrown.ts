/**
 * What an activity threw, as data, and the error that a machine is given for it: `instanceof Error`
 * with the name, message and own members that the thrown one had, the same after a restart.
 *
 * Pure. Invariant: the error reads the same however often it went through JSON.
 */
import { type Failure, isFailure, type Thrown } from './failure.ts';
import { copyJson, isLongerThan, keepJson } from './json.ts';

/** Longest that is kept of what was thrown beside its message, in characters of JSON. */
const MAX_THROWN_LENGTH = 16_384;
/** Longest message that is kept. */
const MAX_MESSAGE_LENGTH = 4_096;

/** The member that stands for an error in JSON. */
const ERROR_TAG = 'backstep$error';

/** The thrown value as data. Never throws; what JSON does not keep is left out. */
export function thrownOf(thrown: unknown): Thrown | null {
  try {
    return thrown instanceof Error ? ofError(thrown) : ofValue(thrown);
  } catch {
    return null; // hostile to any look at it
  }
}

function ofError(error: Error): Thrown {
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(error) as [string, unknown][]) {
    if (name === 'name' || name === 'message' || name === 'stack') continue;
    const kept = keptOf(member);
    if (kept !== undefined) members[name] = kept;
  }
  const message = error.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const name = error.name.toWellFormed();
  return {
    kind: 'error',
    name,
    message,
    members: isLongerThan(members, MAX_THROWN_LENGTH) ? {} : members,
  };
}

function ofValue(value: unknown): Thrown | null {
  const kept = keptOf(value);
  return isLongerThan(kept, MAX_THROWN_LENGTH) ? null : { kind: 'value', value: kept };
}

function keptOf(value: unknown): unknown {
  try {
    return copyJson(keepJson(value, 'what was thrown'));
  } catch {
    return undefined; // no JSON
  }
}

/** An error as a machine is given it. */
export class MachineError extends Error {
  /** As `Failure`; not among the members that anybody lists. */
  declare readonly code: string;
  declare readonly retryable: boolean;
  declare readonly ambiguous: boolean;

  constructor({ name, message, members }: Thrown & { kind: 'error' }) {
    super(message);
    hide(this, 'name', name);
    hide(this, 'stack', `${name}: ${message}`);
    Object.assign(this, members);
  }

  toJSON(): Readonly<Record<string, unknown>> {
    const { name, message, code, retryable, ambiguous } = this;
    return {
      [ERROR_TAG]: {
        name,
        message,
        members: Object.fromEntries(Object.entries(this)),
        code,
        retryable,
        ambiguous,
      },
    };
  }
}

/**
 * What a machine gets for a failure. Beside what was thrown it tells, where it can, the failure's
 * `code`, `retryable` and `ambiguous`.
 */
export function errorOf({ thrown, ...failure }: Failure): unknown {
  if (thrown?.kind === 'value') {
    const { value } = thrown;
    if (value === null || typeof value !== 'object') return value;
    return withFailure(Array.isArray(value) ? [...(value as unknown[])] : { ...value }, failure);
  }
  const { code, message } = failure;
  const plain: Thrown = { kind: 'error', name: code, message, members: {} };
  return withFailure(new MachineError(thrown ?? plain), failure);
}

/** The same error made anew of one that user code made: its class is not kept. */
export function asMachineError(error: Error): MachineError {
  const thrown = ofError(error);
  if (thrown.kind !== 'error') throw new Error('an error is an error'); // for the types only
  const made = new MachineError(thrown);
  return isFailure(error) ? withFailure(made, error) : made;
}

/** The error that JSON stands for; `null` for any other object. */
export function errorInJson(value: object): MachineError | null {
  // Of its own: what is only read from it, as `verify` does, is no error.
  const tagged: unknown = Object.hasOwn(value, ERROR_TAG) && Reflect.get(value, ERROR_TAG);
  if (tagged === null || typeof tagged !== 'object') return null;
  const { name, message, members, ...failure } = tagged as Omit<Failure, 'thrown'> & {
    name: unknown;
    members: unknown;
  };
  if (typeof name !== 'string' || typeof message !== 'string') return null;
  const kept = members !== null && typeof members === 'object' ? { ...members } : {};
  const made = new MachineError({ kind: 'error', name, message, members: kept });
  return typeof failure.code === 'string' ? withFailure(made, { ...failure, message }) : made;
}

function withFailure<T extends object>(value: T, failure: Omit<Failure, 'thrown'>): T {
  for (const name of ['code', 'retryable', 'ambiguous'] as const) {
    if (!Object.hasOwn(value, name)) hide(value, name, failure[name]);
  }
  return value;
}

function hide(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, configurable: true });
}
