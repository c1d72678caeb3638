/**
 * Makes incidents of what turns marked and of what is looked at, and messages of incidents.
 *
 * Invariant: what a look takes in (marks), what it makes of it (incidents) and what is to be told
 * (messages) become durable in one transaction. So a process that dies anywhere counts nothing
 * twice, and none of its successors makes another message of the same.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import type { Redact } from '../../core/secrets/redact.ts';
import type { AlertReads } from '../../store/queries/alert-records.ts';
import {
  addDelivery,
  countMarks,
  keepIncident,
  removeIncident,
  removeMarks,
} from '../../store/queries/alert-writes.ts';
import type { Store } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import type { Clock } from '../clock.ts';
import { sagaId } from '../starts/saga-id.ts';
import type { CheckedAlerts, Rule } from './alert-rules.ts';
import { alertOf, OTHER_CAUSES } from './alert-text.ts';
import { holding, isLookedAt, type Looks } from './conditions.ts';
import {
  type Incident,
  incidentOfRecord,
  messageIdOf,
  newIncident,
  recordOfIncident,
  step,
  withFailure,
  withSign,
  withWindow,
} from './incident.ts';
import { causeText, marksFor } from './marker.ts';
import { RuleBook } from './rule-book.ts';

/** Marks taken in at once. */
const MARKS_AT_ONCE = 500;
/** Causes of a rule that are told apart at a time; what comes beyond is one incident. */
const MAX_CAUSES = 50;

export interface KeeperParts {
  readonly store: Pick<Store, 'tables' | 'write' | 'label'>;
  readonly reads: AlertReads;
  readonly clock: Clock;
  readonly randomId: () => Uint8Array;
  readonly alerts: CheckedAlerts;
  readonly redact: Redact;
  readonly looks: Looks;
}

/** What one look changes. */
interface Draft {
  readonly incidents: Map<string, Incident>;
  readonly statements: ExpectedStatement[];
  /** Those that are over, by key. */
  readonly over: Set<string>;
}

export class AlertKeeper {
  readonly #parts: KeeperParts;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #book: RuleBook;
  /** Those that are not resolved, as they are stored; `null` before the first look. */
  #incidents: ReadonlyMap<string, Incident> | null = null;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#rules = new Map(parts.alerts.rules.map((rule) => [rule.name, rule]));
    this.#book = new RuleBook(parts);
  }

  /** One look. Resolves with whether there is more to take in at once. Throws as the store does. */
  async look(): Promise<boolean> {
    const { store, reads } = this.#parts;
    const isScanning = await this.#book.goOn();
    const known = (this.#incidents ??= await this.#open());
    const draft: Draft = { incidents: new Map(known), statements: [], over: new Set() };
    const taken = await this.#takeMarks(draft);
    const ended = await reads.endedMarks(MARKS_AT_ONCE);
    for (const { rule, cause } of ended) {
      const key = this.#keyOf(draft, rule, cause);
      const incident = draft.incidents.get(key);
      if (incident === undefined) continue;
      draft.incidents.set(key, { ...incident, now: Math.max(0, incident.now - 1) });
    }
    if (ended.length > 0) {
      const ids = ended.map(({ id }) => id);
      draft.statements.push(removeMarks(store.tables(), ids));
    }
    await this.#takeHolding(draft);
    this.#settle(draft, known);
    if (draft.statements.length > 0) await this.#write(draft.statements);
    this.#incidents = draft.incidents;
    return isScanning || taken || ended.length === MARKS_AT_ONCE;
  }

  /** Those that are stored; what was opened by a rule that is gone is over before anything else. */
  async #open(): Promise<ReadonlyMap<string, Incident>> {
    const records = await this.#parts.reads.openIncidents();
    const all = new Map(records.map((record) => [keyOf(record), incidentOfRecord(record)]));
    const gone = new Map([...all].filter(([, incident]) => this.#ruleOf(incident) === null));
    if (gone.size === 0) return all;
    const draft: Draft = { incidents: new Map(gone), statements: [], over: new Set() };
    this.#settle(draft, gone);
    await this.#write(draft.statements);
    for (const key of gone.keys()) all.delete(key);
    return all;
  }

  #ruleOf({ rule: name, fingerprint }: Incident): Rule | null {
    const rule = this.#rules.get(name);
    return rule?.fingerprint === fingerprint ? rule : null;
  }

  async #takeMarks(draft: Draft): Promise<boolean> {
    const { reads, store, clock } = this.#parts;
    let isMore = false;
    for (const rule of this.#rules.values()) {
      const { name, when, spanMs } = rule;
      if (!marksFor(when)) continue;
      // Whatever the clock says now, what happened has happened; only an age depends on it.
      const dueMs = when.kind === 'saga-age' ? clock.nowMs() - spanMs : Number.MAX_SAFE_INTEGER;
      const marks = await reads.newMarks(name, dueMs, MARKS_AT_ONCE);
      const counted: number[] = [];
      const over: number[] = [];
      for (const { id, cause, sinceMs, endedAtMs, ...sign } of marks) {
        const key = this.#keyOf(draft, name, cause);
        const before = draft.incidents.get(key) ?? this.#begun(key, rule);
        const isLasting = endedAtMs === null;
        const signed = withSign(before, sign, isLasting);
        const isFailure = when.kind === 'step-failures';
        draft.incidents.set(key, isFailure ? withFailure(signed, sinceMs, spanMs) : signed);
        (isLasting ? counted : over).push(id);
      }
      if (counted.length > 0) draft.statements.push(countMarks(store.tables(), counted));
      if (over.length > 0) draft.statements.push(removeMarks(store.tables(), over));
      isMore ||= marks.length === MARKS_AT_ONCE;
    }
    return isMore;
  }

  async #takeHolding(draft: Draft): Promise<void> {
    for (const rule of this.#rules.values()) {
      if (!isLookedAt(rule)) continue;
      const held = await holding(rule, this.#parts.looks);
      if (held === null) continue;
      const keys = new Set<string>();
      for (const [cause, { count, detail }] of held) {
        const key = this.#keyOf(draft, rule.name, cause);
        const before = draft.incidents.get(key) ?? this.#begun(key, rule);
        const isSame = before.now === count && before.error === detail;
        const total = Math.max(before.total, count);
        draft.incidents.set(key, isSame ? before : { ...before, now: count, total, error: detail });
        keys.add(key);
      }
      for (const [key, incident] of draft.incidents) {
        if (incident.rule === rule.name && !keys.has(key)) draft.over.add(key);
      }
    }
  }

  #settle(draft: Draft, known: ReadonlyMap<string, Incident>): void {
    const { store, clock, alerts, redact } = this.#parts;
    const nowMs = clock.nowMs();
    for (const [key, found] of draft.incidents) {
      const rule = this.#ruleOf(found);
      const moved = movedOn(found, rule, nowMs);
      const isOver = rule === null || draft.over.has(key) || isOverBy(rule, moved);
      if (rule !== null && isTooFew(rule, moved)) {
        this.#keepTooFew(draft, key, moved, known.get(key));
        continue;
      }
      const { incident, isResolved, messages } = step(moved, isOver, nowMs, alerts.gatherMs);
      for (const { kind, incident: told } of messages) {
        const body = JSON.stringify(
          alertOf(kind, told, rule, nowMs, { label: store.label, redact }),
        );
        const message = messageIdOf(told, nowMs);
        const about = { incident: told.id, rule: told.rule };
        for (const target of this.#rules.get(found.rule)?.to ?? alerts.targets.keys()) {
          const times = { createdAtMs: nowMs, dueAtMs: nowMs };
          const delivery = { message, target, ...about, kind, body, ...times };
          draft.statements.push(addDelivery(store.tables(), delivery));
        }
      }
      if (incident !== known.get(key) || isResolved) {
        const record = recordOfIncident(incident, isResolved ? nowMs : null);
        draft.statements.push(keepIncident(store.tables(), record));
      }
      if (isResolved) draft.incidents.delete(key);
      else draft.incidents.set(key, incident);
    }
  }

  #keepTooFew(draft: Draft, key: string, moved: Incident, known: Incident | undefined): void {
    const { store } = this.#parts;
    if (moved.now === 0) {
      draft.incidents.delete(key);
      draft.statements.push(removeIncident(store.tables(), moved.id));
      return;
    }
    draft.incidents.set(key, moved);
    if (moved === known) return;
    draft.statements.push(keepIncident(store.tables(), recordOfIncident(moved, null)));
  }

  async #write(statements: readonly ExpectedStatement[]): Promise<void> {
    await written(this.#parts.store, statements, 'alerts');
  }

  /** Where a cause belongs: while there are further causes than are told apart, new ones go there. */
  #keyOf({ incidents }: Draft, rule: string, cause: string): string {
    const own = keyOf({ rule, cause });
    if (incidents.has(own)) return own;
    const others = keyOf({ rule, cause: causeText(OTHER_CAUSES) });
    if (incidents.has(others)) return others;
    let causes = 0;
    for (const incident of incidents.values()) if (incident.rule === rule) causes += 1;
    return causes < MAX_CAUSES ? own : others;
  }

  #begun(key: string, rule: Rule): Incident {
    const { clock, randomId } = this.#parts;
    return newIncident(sagaId(clock.nowMs(), randomId()), rule, key.slice(rule.name.length + 1));
  }
}

function keyOf({ rule, cause }: { readonly rule: string; readonly cause: string }): string {
  return `${rule} ${cause}`;
}

function movedOn(incident: Incident, rule: Rule | null, nowMs: number): Incident {
  return rule?.when.kind === 'step-failures' ? withWindow(incident, nowMs, rule.spanMs) : incident;
}

/** Failures that are not enough for an incident, and never were. */
function isTooFew({ when }: Rule, { openedAtMs, now }: Incident): boolean {
  return when.kind === 'step-failures' && openedAtMs === null && now < when.count;
}

// Of failures fewer than half: else a number around the bound would open and end it again and again.
function isOverBy({ when }: Rule, { now }: Incident): boolean {
  switch (when.kind) {
    case 'dead-letter':
    case 'saga-age':
      return now <= 0;
    case 'step-failures':
      return 2 * now < when.count;
    case 'queue-age':
    case 'version-missing':
    case 'store-stalled':
    case 'host-unreachable':
      return false;
  }
}
