/**
 * Conditions that no turn tells of: looked at again and again, and compared with what was there.
 *
 * Invariant: what cannot be told just now, such as versions before the first look at them, is
 * `unknown`, and neither opens nor ends an incident.
 */
import type { AlertReads } from '../../store/queries/alert-records.ts';
import type { VersionGap } from '../versions/version-gaps.ts';
import type { Rule } from './alert-rules.ts';
import { type AlertCause, causeText } from './marker.ts';

/** What holds now, by cause. */
export type Holding = ReadonlyMap<string, Held>;

export interface Held {
  /** Sagas it is about; 1 where it is about none. */
  readonly count: number;
  readonly detail: string | null;
}

/** How the host stands; `sinceMs`: since when it cannot be reached. */
export type HostStanding =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stalled'; readonly reason: string; readonly sinceMs: number };

/** What is looked at. */
export interface Looks {
  readonly reads: AlertReads;
  nowMs(): number;
  /** `null` before the first look at them. */
  versionGaps(): readonly VersionGap[] | null;
  /** Types whose starts may wait for a place. */
  types(): readonly string[];
  /** `null`: this process is its own host. */
  host(): HostStanding | null;
}

/** Whether the rule is of a kind that is looked at here. */
export function isLookedAt({ when: { kind } }: Rule): boolean {
  return kind === 'queue-age' || kind === 'version-missing' || kind === 'host-unreachable';
}

/** What holds now under a rule; `null`: that cannot be told. */
export async function holding(rule: Rule, looks: Looks): Promise<Holding | null> {
  const { when, spanMs } = rule;
  const held = new Map<string, Held>();
  const add = (cause: AlertCause, count: number, detail: string | null): void =>
    void held.set(causeText(cause), { count, detail });
  switch (when.kind) {
    case 'queue-age': {
      const { type, queue } = when;
      for (const [cause, atMs] of await queueAges(looks, queue, type)) {
        if (atMs !== null && atMs <= looks.nowMs() - spanMs) add(cause, 1, null);
      }
      return held;
    }
    case 'version-missing': {
      const gaps = looks.versionGaps();
      if (gaps === null) return null;
      for (const { type, version, reason, sagas } of gaps) {
        if (when.type !== undefined && when.type !== type) continue;
        const cause = { type, version: String(version) };
        add(cause, sagas + (held.get(causeText(cause))?.count ?? 0), reason);
      }
      return held;
    }
    case 'host-unreachable': {
      const host = looks.host();
      if (host === null || host.kind === 'ready') return held;
      if (host.sinceMs > looks.nowMs() - spanMs) return null; // it may be back before that
      add({ host: 'restate' }, 1, host.reason);
      return held;
    }
    case 'dead-letter':
    case 'step-failures':
    case 'saga-age':
    case 'store-stalled':
      return null;
  }
}

async function queueAges(
  { reads, types }: Looks,
  queue: 'starts' | 'inbox' | 'messages',
  type: string | undefined,
): Promise<readonly (readonly [AlertCause, number | null])[]> {
  if (queue === 'inbox') return [[{ queue }, await reads.oldestInboxRow()]];
  if (queue === 'messages') return [[{ queue }, await reads.oldestMessage()]];
  const asked = type === undefined ? types() : [type];
  return Promise.all(
    asked.map(async (each) => [{ queue, type: each }, await reads.oldestStart(each)] as const),
  );
}
