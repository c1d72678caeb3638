/**
 * Rules as they are worked with: checked, in milliseconds. Pure.
 *
 * Throws `input-invalid` for what no shape can tell, and never shows an address or a secret.
 */
import { type Duration, toMs } from '../../core/duration.ts';
import { BackstepError } from '../../core/errors.ts';
import { check, listed } from '../../core/options-reader.ts';
import {
  ALERT_OPTIONS,
  type AlertCondition,
  type AlertOptions,
  type AlertTarget,
} from './alert-options.ts';
import { isEnded } from '../../core/status.ts';

/** A rule, checked. */
export interface Rule {
  readonly name: string;
  readonly when: AlertCondition;
  /** The duration in `when`; 0 where there is none. */
  readonly spanMs: number;
  /** Names of targets. */
  readonly to: readonly string[];
  /** Which sagas it is about, and how: where this changes under its name it begins anew. */
  readonly fingerprint: string;
}

/** Which host asks: each refuses what it could only promise. */
export type AlertHost = 'embedded' | 'restate';

const DEFAULT_GATHER_MS = 5_000;
const DEFAULT_TIMEOUT_MS = 10_000;

const TARGET_NAME = /^[\w.-]{1,100}$/;

/** Most rules, and most targets; each rule costs a question a second. */
const MOST = 50;

export interface CheckedAlerts {
  readonly rules: readonly Rule[];
  readonly targets: ReadonlyMap<string, CheckedTarget>;
  readonly gatherMs: number;
}

export interface CheckedTarget {
  readonly target: AlertTarget;
  readonly timeoutMs: number;
}

/**
 * Checks what a program says about alerts, before anything is opened; absent: no alerts. Throws
 * `input-invalid`.
 */
export function checkedAlerts(options: AlertOptions | undefined, host: AlertHost): CheckedAlerts {
  if (options === undefined) return NO_ALERTS;
  check(options, ALERT_OPTIONS, 'alerts', 'input-invalid');
  return rulesOf(options, host);
}

/** Of a program that says nothing about alerts. */
export const NO_ALERTS: CheckedAlerts = { rules: [], targets: new Map(), gatherMs: 0 };

function rulesOf({ rules, targets, gather }: AlertOptions, host: AlertHost): CheckedAlerts {
  const names = Object.keys(targets);
  if (rules.length > MOST || names.length > MOST) {
    throw invalid('', `there are at most ${MOST} rules and as many targets`);
  }
  if (rules.length > 0 && names.length === 0) {
    throw invalid('targets', 'name one, or no rule could tell anybody');
  }
  const odd = names.find((name) => !TARGET_NAME.test(name));
  if (odd !== undefined) {
    throw invalid('targets', 'a name has 1 to 100 letters, digits and . _ -');
  }
  const seen = new Set<string>();
  const checked = rules.map(({ name, when, to = names }, index): Rule => {
    const at = `rules.${index}`;
    if (seen.has(name)) throw invalid(`${at}.name`, `"${name}" is the name of a rule before it`);
    seen.add(name);
    const unknown = to.find((each) => !names.includes(each));
    if (unknown !== undefined || to.length === 0) {
      throw invalid(`${at}.to`, `name targets; there are ${listed(names, 'and')}`);
    }
    const fault = conditionFault(when, host);
    if (fault !== null) throw invalid(`${at}.when`, fault);
    const span = spanOf(when);
    return {
      name,
      when,
      spanMs: span === null ? 0 : between(span, 1_000, 365 * 86_400_000, `${at}.when`),
      to: [...new Set(to)],
      fingerprint: JSON.stringify(byName(when).filter(isOfFingerprint)),
    };
  });
  const gatherMs =
    gather === undefined ? DEFAULT_GATHER_MS : between(gather, 0, 3_600_000, 'gather');
  return { rules: checked, targets: targetsOf(targets), gatherMs };
}

function targetsOf(targets: AlertOptions['targets']): ReadonlyMap<string, CheckedTarget> {
  return new Map(
    Object.entries(targets).map(([name, target]) => {
      const timeout = typeof target === 'function' ? undefined : target.timeout;
      const at = `targets.${name}.timeout`;
      const timeoutMs =
        timeout === undefined ? DEFAULT_TIMEOUT_MS : between(timeout, 100, 60_000, at);
      return [name, { target, timeoutMs }];
    }),
  );
}

function byName(when: AlertCondition): readonly (readonly [string, unknown])[] {
  return Object.entries(when).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

// How long, and how many, may change: what is marked stays true.
function isOfFingerprint([name]: readonly [string, unknown]): boolean {
  return name !== 'olderThan' && name !== 'longerThan' && name !== 'count' && name !== 'within';
}

function spanOf(when: AlertCondition): Duration | null {
  switch (when.kind) {
    case 'dead-letter':
    case 'version-missing':
      return null;
    case 'step-failures':
      return when.within;
    case 'saga-age':
    case 'queue-age':
      return when.olderThan;
    case 'store-stalled':
    case 'host-unreachable':
      return when.longerThan;
  }
}

/** Longest time within which failures are counted. */
const MAX_WITHIN_MS = 86_400_000;

function conditionFault(when: AlertCondition, host: AlertHost): string | null {
  if (when.kind === 'host-unreachable' && host === 'embedded') {
    return 'this engine is its own host, which cannot be out of its reach';
  }
  if (when.kind === 'queue-age' && host === 'restate' && when.queue !== 'starts') {
    return `on Restate there is no queue "${when.queue}" here`;
  }
  if (when.kind === 'queue-age' && when.type !== undefined && when.queue !== 'starts') {
    return 'only starts are told apart by type';
  }
  if (when.kind === 'saga-age' && 'status' in when === 'state' in when) {
    return 'give either a status or a state';
  }
  if (when.kind === 'saga-age' && 'status' in when && isEnded(when.status)) {
    return `a saga that is ${when.status} is over, and gets no older`;
  }
  if (when.kind === 'step-failures' && toMs(when.within, 'within') > MAX_WITHIN_MS) {
    return 'failures are counted within at most 24h';
  }
  return null;
}

function between(given: Duration, leastMs: number, mostMs: number, at: string): number {
  const ms = toMs(given, at);
  if (ms >= leastMs && ms <= mostMs) return ms;
  throw invalid(at, `a duration in it is not between ${leastMs} and ${mostMs} ms`);
}

function invalid(path: string, what: string): BackstepError {
  const issues = [{ path: `alerts.${path}`, message: what, isTypeError: false }];
  return new BackstepError('input-invalid', `alerts${path === '' ? '' : `.${path}`}: ${what}`, {
    issues,
  });
}
