/**
 * What a person may inject into an activity, and the check of it.
 *
 * Must never let a value through that the registry would have to doubt. Invariant: the result is
 * complete: every setting has its default.
 */
import { BackstepError, type Issue } from '../../src/core/errors.ts';

/** Longest injected delay. */
const MAX_LATENCY_MS = 10 * 60 * 1000;

/** Most calls that one setting hits. */
const MAX_FAIL_NEXT = 1_000_000;

const MAX_SEED = 2 ** 32 - 1;

/** Every way to fail, the default first. */
export const FAULT_MODES = ['error', 'permanent', 'hang', 'applied-then-lost'] as const;

/**
 * How a call fails: `error` is transient, `permanent` is not, `hang` does not answer before the
 * abort, `applied-then-lost` has its effect and loses its answer.
 */
export type FaultMode = (typeof FAULT_MODES)[number];

/** Faults of one activity, as the registry keeps them. */
export interface FaultSettings {
  /** How many of the next calls fail. 0: none. */
  readonly failNext: number;
  /** Share of the other calls that fails, 0 to 1; 1 with only a `mode` given. */
  readonly failureRate: number;
  /** Delay of every call, in milliseconds. Alone it fails none. */
  readonly latencyMs: number;
  readonly mode: FaultMode;
  /** Makes the rate repeat; null: the registry's random source. */
  readonly seed: number | null;
}

const SETTINGS = ['failNext', 'failureRate', 'latencyMs', 'mode', 'seed'];

/** The settings in an outside value. Throws `input-invalid` with every issue found. */
export function parseFaultSettings(value: unknown): FaultSettings {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalid([{ path: '', message: 'must be an object', isTypeError: true }]);
  }
  const issues: Issue[] = Object.keys(value)
    .filter((name) => !SETTINGS.includes(name))
    .map((name) => ({ path: name, message: 'is not a setting', isTypeError: true }));
  const number = (name: string, maximum: number, isWhole: boolean): number | null => {
    const given: unknown = Reflect.get(value, name);
    if (given === undefined) return null;
    const issue = numberIssue(given, maximum, isWhole);
    if (issue !== null) issues.push({ path: name, ...issue });
    return typeof given === 'number' ? given : null;
  };
  const failNext = number('failNext', MAX_FAIL_NEXT, true);
  const failureRate = number('failureRate', 1, false);
  const latencyMs = number('latencyMs', MAX_LATENCY_MS, true);
  const seed = number('seed', MAX_SEED, true);
  const givenMode: unknown = Reflect.get(value, 'mode');
  const mode = FAULT_MODES.find((known) => known === givenMode);
  if (givenMode !== undefined && mode === undefined) issues.push(modeIssue(givenMode));
  if (issues.length > 0) throw invalid(issues);

  const isModeAlone = mode !== undefined && failNext === null;
  return {
    failNext: failNext ?? 0,
    failureRate: failureRate ?? (isModeAlone ? 1 : 0),
    latencyMs: latencyMs ?? 0,
    mode: mode ?? 'error',
    seed,
  };
}

/** Throws `input-invalid` unless the value is a seed: an integer from 0 to 2^32-1. */
export function parseSeed(value: unknown): number {
  const issue = numberIssue(value, MAX_SEED, true);
  if (issue !== null) throw invalid([{ path: 'seed', ...issue }]);
  return Number(value);
}

function numberIssue(
  given: unknown,
  maximum: number,
  isWhole: boolean,
): Omit<Issue, 'path'> | null {
  if (typeof given !== 'number' || Number.isNaN(given)) {
    return { message: 'must be a number', isTypeError: true };
  }
  if (given < 0 || given > maximum || (isWhole && !Number.isInteger(given))) {
    const kind = isWhole ? 'an integer' : 'a number';
    return { message: `must be ${kind} from 0 to ${maximum}`, isTypeError: false };
  }
  return null;
}

function modeIssue(given: unknown): Issue {
  const message = `must be one of ${FAULT_MODES.join(', ')}`;
  return { path: 'mode', message, isTypeError: typeof given !== 'string' };
}

function invalid(issues: readonly Issue[]): BackstepError {
  return new BackstepError('input-invalid', 'these fault settings are not valid', { issues });
}
