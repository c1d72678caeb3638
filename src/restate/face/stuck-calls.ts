/** Calls of Backstep on Restate that do not get on, counted and shown, with what to do of them. */
import type {
  CallFigures,
  CallTrouble,
  CallTroubleKind,
  StuckCall,
} from '../../host/host-calls.ts';
import { SERVICES } from '../names.ts';
import { type Admin, newestServing, quoted, type Serving } from './admin.ts';

/** More tries than this are too many, by default. */
const OFTEN = 20;
const MAX_EXAMPLES = 5;
/** A turn that waits for less to be written is on its way. */
const LATE_MS = 5_000;
const OURS = Object.values(SERVICES).map(quoted).join(', ');
const OF_OURS = `status <> 'completed' AND target_service_name IN (${OURS})`;
const UNWRITTEN = `target_service_name = ${quoted(SERVICES.journal)} AND target_handler_name = 'append'`;

const CURES: Readonly<Record<CallTroubleKind, string>> = {
  paused:
    'Somebody paused them. Find out why, then resume each: PATCH /invocations/{id}/resume on the ' +
    'admin port, with ?deployment=latest where its old workers are gone. Never kill one.',
  'retried-often':
    'A worker dies of them, or does not answer. Read the failure and the log of the workers; a new ' +
    'deployment with the cure takes the call over after PATCH /invocations/{id}/pause and then ' +
    '/resume?deployment=latest. Never kill one.',
  pinned:
    'They began on a deployment that takes no new calls: let its workers run until there are none. ' +
    'Where those workers are gone, pause each call and resume it with ?deployment=latest.',
  unwritten:
    'Their turns are not in the database yet: the face is slow, was away, or cannot write. What ' +
    'fails to be written says why; `backstep resync` brings what the database lacks.',
};

/** Conditions in SQL by trouble. */
function conditionsOf(
  deployments: readonly Serving[],
  often: number,
): Readonly<Record<CallTroubleKind, string>> {
  const newest = Object.values(SERVICES).flatMap((service) => {
    const serving = newestServing(deployments, service);
    return serving === null ? [] : [quoted(serving.id)];
  });
  const isOld = `pinned_deployment_id NOT IN (${newest.join(', ')})`;
  return {
    paused: `status = 'paused'`,
    'retried-often': `status <> 'paused' AND retry_count > ${often}`,
    pinned: newest.length === 0 ? 'false' : `pinned_deployment_id IS NOT NULL AND ${isOld}`,
    unwritten: UNWRITTEN,
  };
}

/**
 * Counts them. `nowMs`: the time here. Restate's own clock may be another machine's, so that the time
 * of the oldest one is as long ago by this clock as it is by that one. Throws `unavailable`.
 */
export async function countStuckCalls(
  admin: Admin,
  deployments: readonly Serving[],
  nowMs: number,
  often = OFTEN,
): Promise<CallFigures> {
  const is = conditionsOf(deployments, often);
  const [row = {}] = await admin.query(`SELECT
    COUNT(*) FILTER (WHERE ${is.paused}) AS paused,
    COUNT(*) FILTER (WHERE ${is['retried-often']}) AS retried_often,
    COUNT(*) FILTER (WHERE ${is.pinned}) AS pinned,
    COUNT(*) FILTER (WHERE ${is.unwritten}) AS unwritten,
    MIN(created_at) FILTER (WHERE ${is.unwritten}) AS oldest_unwritten, MAX(now()) AS now
    FROM sys_invocation WHERE ${OF_OURS}`);
  const count = (name: string): number => Number(row[name] ?? 0);
  const oldestMs = timeIn(row['oldest_unwritten']);
  const thereMs = timeIn(row['now']) ?? nowMs;
  return {
    paused: count('paused'),
    retriedOften: count('retried_often'),
    pinned: count('pinned'),
    unwritten: count('unwritten'),
    oldestUnwrittenMs: oldestMs === null ? null : nowMs - (thereMs - oldestMs),
  };
}

/** What is wrong, with a few calls of each kind. Throws `unavailable`. */
export async function findTroubles(
  admin: Admin,
  nowMs: number,
  often = OFTEN,
): Promise<readonly CallTrouble[]> {
  const deployments = await admin.deployments();
  const figures = await countStuckCalls(admin, deployments, nowMs, often);
  const is = conditionsOf(deployments, often);
  const counts: readonly (readonly [CallTroubleKind, number])[] = [
    ['paused', figures.paused],
    ['retried-often', figures.retriedOften],
    ['pinned', figures.pinned],
    ['unwritten', unwrittenTooLong(figures, nowMs)],
  ];
  const troubles: CallTrouble[] = [];
  for (const [kind, calls] of counts) {
    if (calls === 0) continue;
    const examples = await findCalls(admin, is[kind], MAX_EXAMPLES);
    troubles.push({ kind, calls, cure: CURES[kind], examples });
  }
  return troubles;
}

/** Turns that wait to be written, where one has waited for too long. */
export function unwrittenTooLong(
  { unwritten, oldestUnwrittenMs }: Pick<CallFigures, 'unwritten' | 'oldestUnwrittenMs'>,
  nowMs: number,
): number {
  return nowMs - (oldestUnwrittenMs ?? nowMs) > LATE_MS ? unwritten : 0;
}

/** Calls of Backstep of which that is so, the oldest first. Throws `unavailable`. */
export async function findCalls(
  admin: Admin,
  condition: string,
  limit: number,
): Promise<readonly StuckCall[]> {
  const rows = await admin.query(`SELECT id, target_service_name, target_handler_name,
    target_service_key, invoked_by_target, status, retry_count, created_at, last_failure
    FROM sys_invocation WHERE ${OF_OURS} AND ${condition} ORDER BY created_at LIMIT ${limit}`);
  return rows.map((row) => {
    const service = textIn(row['target_service_name']) ?? '';
    const failure = textIn(row['last_failure']);
    return {
      id: textIn(row['id']) ?? '',
      what: `${service}/${textIn(row['target_handler_name']) ?? ''}`,
      sagaId: sagaOf(service, textIn(row['target_service_key']), textIn(row['invoked_by_target'])),
      status: textIn(row['status']) ?? '',
      tries: Number(row['retry_count'] ?? 0),
      sinceMs: timeIn(row['created_at']) ?? 0,
      failure,
    };
  });
}

// Gates are of a type. An attempt has no key: its saga called it.
function sagaOf(service: string, key: string | null, caller: string | null): string | null {
  if (service === SERVICES.gate) return null;
  if (service !== SERVICES.attempt) return key;
  const [by, saga = null] = caller?.split('/') ?? [];
  return by === SERVICES.saga ? saga : null;
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function timeIn(value: unknown): number | null {
  const atMs = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(atMs) ? null : atMs;
}
