/**
 * What an alert says of an incident, in one sentence and as data. Pure.
 */
import { isoText } from '../../core/iso-time.ts';
import { redactError } from '../../core/secrets/redact-error.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import type { Alert, AlertCondition } from './alert-options.ts';
import type { Rule } from './alert-rules.ts';
import type { Incident, MessageKind } from './incident.ts';
import type { AlertCause } from './marker.ts';

/** Of causes beyond the number that is told apart. */
export const OTHER_CAUSES = { others: 'further causes' };

/** Who tells, and what it hides. */
export interface Teller {
  readonly label: string | null;
  readonly redact: Redact;
}

/** The body of a message. `rule` null: it is not there any more. */
export function alertOf(
  kind: MessageKind,
  incident: Incident,
  rule: Rule | null,
  nowMs: number,
  { label, redact }: Teller,
): Alert {
  const { error: stored } = incident;
  const error = stored === null ? null : redactError(stored, redact);
  const { id, cause, openedAtMs, now, total, sagas } = incident;
  const condition = rule?.when.kind ?? null;
  return {
    type: `alert.${kind}`,
    timestamp: isoText(nowMs),
    data: {
      rule: incident.rule,
      condition,
      incident: id,
      summary: summaryOf(kind, { ...incident, error }, rule?.when ?? null),
      cause: JSON.parse(cause) as AlertCause,
      now,
      total,
      since: openedAtMs === null ? null : isoText(openedAtMs),
      sagas,
      error,
      label,
    },
  };
}

/** A message that only shows that messages arrive. */
export function trialOf(nowMs: number, by: string, label: string | null): Alert {
  return {
    type: 'alert.trial',
    timestamp: isoText(nowMs),
    data: {
      rule: null,
      condition: null,
      incident: null,
      summary: `A trial, ordered by ${by}: nothing happened.`,
      cause: {},
      now: 0,
      total: 0,
      since: null,
      sagas: [],
      error: null,
      label,
    },
  };
}

function summaryOf(kind: MessageKind, incident: Incident, when: AlertCondition | null): string {
  const what = subjectOf(incident, when);
  switch (kind) {
    case 'opened':
      return `${what}.`;
    case 'grown':
      return `Ten times as many as before: ${what}.`;
    case 'resolved':
      return when === null ? `Its rule is gone: ${what}.` : `It is over: ${what}.`;
  }
}

function subjectOf({ cause, total, error }: Incident, when: AlertCondition | null): string {
  const causes = JSON.parse(cause) as AlertCause;
  const { type = 'any type', status, state, step, version, queue } = causes;
  const because = error === null ? '' : `, the last with "${error}"`;
  if (when === null || 'others' in causes) return `${counted(total, 'sign')} of the rule${because}`;
  switch (when.kind) {
    case 'dead-letter':
      return `${counted(total, 'dead letter')} of "${type}" (${status ?? ''})${because}`;
    case 'step-failures':
      return `${counted(total, 'attempt')} of step "${step ?? ''}" of "${type}" failed${because}`;
    case 'saga-age':
      return `${counted(total, 'saga')} of "${type}" in "${status ?? state ?? ''}" for longer than ${when.olderThan}`;
    case 'queue-age':
      return `the first of "${queue ?? ''}"${'type' in causes ? ` of "${type}"` : ''} waits longer than ${when.olderThan}`;
    case 'version-missing':
      return `${counted(total, 'saga')} of "${type}", version ${version ?? ''}, cannot go on${because}`;
    case 'store-stalled':
      return `nothing can be written${because}`;
    case 'host-unreachable':
      return `Restate cannot be reached${because}`;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
