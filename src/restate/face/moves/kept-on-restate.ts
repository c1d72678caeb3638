/**
 * What Restate keeps of sagas, as its own tables tell it: which there are, how each stands, and what of
 * them is still under way.
 */
import { z } from 'zod';
import { SAGA_STATUSES, type SagaStatus } from '../../../core/status.ts';
import { type Admin, quoted } from '../admin.ts';
import { SAGA } from '../../kept-saga.ts';
import { PUBLIC_HANDLERS, SERVICES } from '../../names.ts';

const NOTE = z.looseObject({
  move: z.string(),
  phase: z.enum(['arriving', 'here', 'leaving', 'gone']),
  place: z.string(),
  lastSeq: z.number(),
});
const FACTS = z.looseObject({
  type: z.string(),
  version: z.number(),
  status: z.enum(SAGA_STATUSES),
  seq: z.number(),
  atMs: z.number(),
  moves: z.array(NOTE).default([]),
});

/** One saga. */
export interface SagaThere {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly status: SagaStatus;
  readonly seq: number;
  /** Of its last turn. */
  readonly atMs: number;
  /** The moves that it was in, the last one last. */
  readonly moves: readonly z.infer<typeof NOTE>[];
}

/** A million sagas take a while to list. */
const PATIENCE_MS = 300_000;
/** Ids in one question. */
const CHUNK = 200;
const FROM_OUTSIDE = [...PUBLIC_HANDLERS, 'kept'].map(quoted).join(', ');
/** The first line of what is kept; behind it stands the state. */
const FIRST_LINE = 'split_part(value_utf8, chr(10), 1)';

/** Sagas of which that is so. Throws `unavailable`. */
export async function sagasThere(admin: Admin, condition: string): Promise<readonly SagaThere[]> {
  const rows = await admin.query(
    `SELECT service_key AS id, ${FIRST_LINE} AS facts FROM state
      WHERE service_name = ${quoted(SERVICES.saga)} AND key = ${quoted(SAGA)} AND (${condition})`,
    PATIENCE_MS,
  );
  return rows
    .map(({ id, facts }): SagaThere => {
      const read = FACTS.parse(JSON.parse(String(facts)));
      return { id: String(id), ...read };
    })
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

/** Whether it is on its way by that move. */
export function isLeaving({ moves }: SagaThere, move: string): boolean {
  const last = moves.at(-1);
  return last?.phase === 'leaving' && last.move === move;
}

/** A saga, and those that it started: ids of children are those of their parents and more. */
export function ofFamily(root: string): string {
  return `service_key = ${quoted(root)} OR starts_with(service_key, ${quoted(`${root}.`)})`;
}

/** Those that a move has, or had, in hand. */
export function noting(text: string): string {
  return `strpos(${FIRST_LINE}, ${quoted(text)}) > 0`;
}

/** How many turns of each saga its journal keeps. Throws `unavailable`. */
export async function turnsKept(
  admin: Admin,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const kept = new Map<string, number>();
  for (const chunk of chunksOf(ids)) {
    const rows = await admin.query(
      `SELECT service_key AS id, COUNT(*) AS turns FROM state
        WHERE service_name = ${quoted(SERVICES.journal)} AND starts_with(key, 'turn-')
        AND service_key IN (${chunk}) GROUP BY service_key`,
      PATIENCE_MS,
    );
    for (const { id, turns } of rows) kept.set(String(id), Number(turns));
  }
  return kept;
}

/** A call of one of the sagas that is under way. */
export interface UnderWay {
  readonly what: string;
  readonly saga: string;
  readonly failure: string | null;
}

/**
 * Calls under way of those sagas, but for those that wait for their time, and for looks and orders from
 * outside, which change nothing of a saga that stands still. Throws `unavailable`.
 */
export async function callsUnderWay(
  admin: Admin,
  ids: readonly string[],
): Promise<readonly UnderWay[]> {
  const found: UnderWay[] = [];
  const keyed = [SERVICES.saga, SERVICES.outbox, SERVICES.journal].map(quoted).join(', ');
  for (const chunk of chunksOf(ids)) {
    const rows = await admin.query(
      `SELECT target_service_name AS service, target_handler_name AS handler, last_failure AS failure,
        CASE WHEN target_service_name = ${quoted(SERVICES.attempt)}
          THEN split_part(invoked_by_target, '/', 2) ELSE target_service_key END AS saga
        FROM sys_invocation WHERE status NOT IN ('completed', 'scheduled')
        AND target_handler_name NOT IN (${FROM_OUTSIDE})
        AND ((target_service_name IN (${keyed}) AND target_service_key IN (${chunk}))
          OR (target_service_name = ${quoted(SERVICES.attempt)}
            AND split_part(invoked_by_target, '/', 2) IN (${chunk})))`,
    );
    for (const { service, handler, saga, failure } of rows) {
      const why = typeof failure === 'string' ? failure : null;
      found.push({
        what: `${String(service)}/${String(handler)}`,
        saga: String(saga),
        failure: why,
      });
    }
  }
  return found;
}

function chunksOf(ids: readonly string[]): readonly string[] {
  const chunks: string[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    chunks.push(
      ids
        .slice(at, at + CHUNK)
        .map(quoted)
        .join(', '),
    );
  }
  return chunks;
}
