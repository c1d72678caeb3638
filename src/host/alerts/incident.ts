/**
 * An incident: what one rule found about one cause, from its first sign until it is over, and which
 * messages that makes. Pure; a store keeps it.
 *
 * Messages: `opened` once some time has passed for more of the same to come, with their number;
 * `grown` whenever there were ten times as many as the message before said; `resolved` when it is
 * over. So their number grows as the logarithm of what happened. An incident that was over before
 * its first message still makes both, since somebody may have to look.
 */
import type { IncidentRecord } from '../../store/queries/alert-records.ts';
import type { Rule } from './alert-rules.ts';

/** An incident that is not resolved. */
export interface Incident {
  readonly id: string;
  readonly rule: string;
  readonly cause: string;
  /** Of the rule when it began: where that is another one now, this incident is over. */
  readonly fingerprint: string;
  /** `null`: too few failures so far. */
  readonly openedAtMs: number | null;
  /** When the first message is due; `null`: it was made. */
  readonly tellAtMs: number | null;
  /** How many stand so now. */
  readonly now: number;
  /** How many did since it began. */
  readonly total: number;
  /** `total` as the last message said it; 0: none did. */
  readonly told: number;
  /** Messages made. */
  readonly messages: number;
  /** Ids of some of the sagas, the newest last. */
  readonly sagas: readonly string[];
  /** `code: message` of the newest. */
  readonly error: string | null;
  /** Failures by the time of their slot, oldest first; empty but for a rule that counts them. */
  readonly slots: readonly (readonly [atMs: number, count: number])[];
}

/** What a message about an incident is for. */
export type MessageKind = 'opened' | 'grown' | 'resolved';

const GROWN_FACTOR = 10;
const SAGAS_TOLD = 5;
/** Slots of a window: failures are forgotten by so many parts of it. */
const SLOTS = 30;

/** One that begins. */
export function newIncident(
  id: string,
  { name: rule, fingerprint }: Pick<Rule, 'name' | 'fingerprint'>,
  cause: string,
): Incident {
  const counts = { now: 0, total: 0, told: 0, messages: 0 };
  const nothing = { openedAtMs: null, tellAtMs: null, error: null };
  return { id, rule, cause, fingerprint, ...nothing, ...counts, sagas: [], slots: [] };
}

/** What is known of more of the same. */
export interface Sign {
  readonly sagaId: string | null;
  readonly detail: string | null;
}

/** With one more, that goes on (`isLasting`) or was over at once. */
export function withSign(incident: Incident, { sagaId, detail }: Sign, isLasting: boolean) {
  const { sagas, now, total, error } = incident;
  const named =
    sagaId === null || sagas.at(-1) === sagaId ? sagas : [...sagas, sagaId].slice(-SAGAS_TOLD);
  return {
    ...incident,
    now: now + (isLasting ? 1 : 0),
    total: total + 1,
    sagas: named,
    error: detail ?? error,
  };
}

/** With a failure at that time in its window. */
export function withFailure(incident: Incident, atMs: number, windowMs: number): Incident {
  const slotMs = Math.max(1, Math.floor(windowMs / SLOTS));
  const slot = Math.floor(atMs / slotMs) * slotMs;
  const slots = new Map(incident.slots);
  slots.set(slot, (slots.get(slot) ?? 0) + 1);
  return { ...incident, slots: [...slots].toSorted(([one], [other]) => one - other) };
}

/** With its window moved on; `now` is what is in it. */
export function withWindow(incident: Incident, nowMs: number, windowMs: number): Incident {
  const slotMs = Math.max(1, Math.floor(windowMs / SLOTS));
  const slots = incident.slots.filter(([atMs]) => atMs + slotMs > nowMs - windowMs);
  const now = slots.reduce((sum, [, count]) => sum + count, 0);
  const isSame = now === incident.now && slots.length === incident.slots.length;
  return isSame ? incident : { ...incident, slots, now };
}

/** An incident that goes on, or that is over. */
export interface Stepped {
  readonly incident: Incident;
  readonly isResolved: boolean;
  /** Messages to make now, in order, each with the incident as it is told in it. */
  readonly messages: readonly { readonly kind: MessageKind; readonly incident: Incident }[];
}

/** What follows now. `isOver`: nothing stands as the rule says any more. */
export function step(given: Incident, isOver: boolean, nowMs: number, gatherMs: number): Stepped {
  let incident = given;
  const messages: { kind: MessageKind; incident: Incident }[] = [];
  const tell = (kind: MessageKind): void => {
    const { total, messages: before } = incident;
    incident = { ...incident, tellAtMs: null, told: total, messages: before + 1 };
    messages.push({ kind, incident });
  };
  if (incident.openedAtMs === null) {
    incident = { ...incident, openedAtMs: nowMs, tellAtMs: nowMs + gatherMs };
  }
  // A clock that was set back must not hold it up for as long as it was ahead.
  const { tellAtMs } = incident;
  const isDue = tellAtMs !== null && (nowMs >= tellAtMs || tellAtMs - nowMs > gatherMs);
  if (tellAtMs !== null && (isOver || isDue)) tell('opened');
  else if (incident.told > 0 && incident.total >= GROWN_FACTOR * incident.told) tell('grown');
  if (isOver) {
    incident = { ...incident, now: 0 };
    tell('resolved');
  }
  return { incident, isResolved: isOver, messages };
}

/**
 * What tells receivers doubles: which message of an incident it is, and when it was made, because a
 * database that is restored from a backup counts the messages after that once more.
 */
export function messageIdOf({ id, messages }: Incident, madeAtMs: number): string {
  return `msg_${id}_${messages}_${madeAtMs.toString(36)}`;
}

/** As it is stored. */
export function recordOfIncident(incident: Incident, resolvedAtMs: number | null): IncidentRecord {
  const { id, rule, cause, openedAtMs, ...state } = incident;
  return { id, rule, cause, openedAtMs, resolvedAtMs, state: JSON.stringify(state) };
}

/** One that was stored. */
export function incidentOfRecord(record: IncidentRecord): Incident {
  const { id, rule, cause, openedAtMs, state } = record;
  const stored = JSON.parse(state) as Omit<Incident, 'id' | 'rule' | 'cause' | 'openedAtMs'>;
  return { ...stored, id, rule, cause, openedAtMs };
}
