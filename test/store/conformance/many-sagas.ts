/** A PostgreSQL database with many sagas that ended and some under way, made within seconds. */
import type pg from 'pg';

/** Of the newest sagas so many have not ended. */
export const UNDER_WAY = 1_000;

/** Ids, keys and times count up with the numbers. Half as many letters and rows of the inbox are settled. */
export async function storeManySagas(client: pg.Client, ended: number): Promise<void> {
  const sagas = ended + UNDER_WAY;
  const settled = Math.floor(ended / 2);
  const statements = [
    `INSERT INTO backstep.sagas (sid, id, type, version, definition_hash, key, status, seq, wake_at,
        checksum, step, attempts, created_at, updated_at, ended_at, state)
      SELECT n, 'saga-' || n, 'order', 1, 'hash', 'key-' || n,
        CASE WHEN n <= ${ended} THEN 'completed' WHEN n % 10 = 0 THEN 'parked'
          WHEN n % 2 = 0 THEN 'waiting' ELSE 'running' END,
        2, CASE WHEN n > ${ended} AND n % 2 = 0 THEN n END, 1, 'pay', 1, n, n,
        CASE WHEN n <= ${ended} THEN n END, '{"steps":[],"context":"' || repeat('x', 900) || '"}'
      FROM generate_series(1, ${sagas}) AS numbers (n)`,
    `INSERT INTO backstep.journal (seq, sid, saga_seq, at, kind, cause, event, to_state, status, data)
      SELECT 2 * n + turn, n, turn, n, 'turn', 'start', 'start', 'pay', 'running', '{}'
      FROM generate_series(1, ${sagas}) AS numbers (n), generate_series(0, 1) AS turns (turn)`,
    `INSERT INTO backstep.start_keys
      SELECT 'order', 'key-' || n, 'hash', 'saga-' || n FROM generate_series(1, ${sagas}) AS numbers (n)`,
    `INSERT INTO backstep.dead_letters (sid, kind, letter, opened_at, resolved_at)
      SELECT n, 'compensation_failed', '{"error":{"code":"refused"}}', n,
        CASE WHEN n <= ${settled} THEN n END
      FROM generate_series(1, ${settled + 50}) AS numbers (n)`,
    `INSERT INTO backstep.audit (sid, saga_seq, at, command, by)
      SELECT n, 1, n, 'retry', 'somebody' FROM generate_series(1, ${ended}) AS numbers (n)`,
    `INSERT INTO backstep.inbox (kind, target, payload, request, settled_at, answer)
      SELECT 'start', 'order', '{}', CASE WHEN n % 100 > 0 THEN 'request-' || n END,
        CASE WHEN n <= ${settled} THEN n END, CASE WHEN n <= ${settled} THEN '{}' END
      FROM generate_series(1, ${settled + 50}) AS numbers (n)`,
    `INSERT INTO backstep.pending_starts
      SELECT n, 'order', n, NULL FROM generate_series(${ended + 1}, ${ended + 100}) AS numbers (n)`,
    `INSERT INTO backstep.alert_marks (rule, sid, cause, since, is_counted)
      SELECT 'rule', n, '{}', n, CASE WHEN n <= ${ended} - 50 THEN 1 ELSE 0 END
      FROM generate_series(1, ${ended}) AS numbers (n)`,
    `INSERT INTO backstep.alert_incidents (id, rule, cause, opened_at, resolved_at, state)
      SELECT lpad(n::text, 26, '0'), 'rule', n::text, n, CASE WHEN n <= ${settled} THEN n END, '{}'
      FROM generate_series(1, ${settled + 50}) AS numbers (n)`,
    `INSERT INTO backstep.alert_deliveries
        (message, target, incident, kind, body, created_at, due_at, settled_at, outcome)
      SELECT 'msg_' || n, 'desk', n::text, 'opened', '{}', n, CASE WHEN n > ${settled} THEN n END,
        CASE WHEN n <= ${settled} THEN n END, CASE WHEN n <= ${settled} THEN 'delivered' END
      FROM generate_series(1, ${settled + 50}) AS numbers (n)`,
    'VACUUM ANALYZE',
  ];
  for (const statement of statements) await client.query(statement);
}
