/**
 * Who owns the database, in the database: an epoch that every batch checks, the instance that has
 * it, and its beat. What an owner and a standby ask and write of it.
 *
 * Invariant: epoch and instance change together, behind the lock of the engine's row, which every
 * batch holds shared: whoever has it finds nothing of the owner before still under way.
 */
import { randomBytes } from 'node:crypto';
import type { Ownership } from '../../store.ts';
import { tryOwnerLock } from './owner-lock.ts';
import type { Answer, Pipeline, Statement } from '../connection/pipeline.ts';

/** Feed epochs that are kept, as in SQLite. */
const MAX_EPOCHS = 1_000;
const EPOCH_NAME_BYTES = 6;

/** Tells one opening of the database from every other. */
export interface Instance {
  readonly id: string;
  /** For people: which process on which machine. */
  readonly label: string;
}

/** What a standby sees of the owner. */
export interface OwnerSight {
  readonly ownerEpoch: number;
  readonly instance: string | null;
  readonly label: string | null;
  /** Since its last beat, by the server's clock; `null`: nobody owns it, or it left. */
  readonly silentMs: number | null;
  /** The server's clock, in milliseconds since 1970. */
  readonly serverMs: number;
}

export interface TakenOver extends Ownership {
  readonly ownerEpoch: number;
}

/** What an owner finds again over a new connection. */
export interface Regained {
  readonly ownerEpoch: number;
  readonly lastSeq: number;
}

/** Statements of one schema. */
export class OwnershipQueries {
  readonly #sql: ReturnType<typeof statementsOf>;

  /** `schema`: a checked name. */
  constructor(schema: string) {
    this.#sql = statementsOf(schema);
  }

  async look(pipeline: Pipeline): Promise<OwnerSight> {
    const [answer] = await ask(pipeline, [statement(this.#sql.look)]);
    const [epoch, instance, label, silentMs, serverMs] = answer?.rows[0] ?? [];
    return {
      ownerEpoch: Number(epoch),
      instance: instance ?? null,
      label: label ?? null,
      silentMs: silentMs === null || silentMs === undefined ? null : Number(silentMs),
      serverMs: Number(serverMs),
    };
  }

  /** True when the lock is this session's now. Never waits: who waits for it stops all vacuuming. */
  async tryLock(pipeline: Pipeline): Promise<boolean> {
    const [answer] = await ask(pipeline, [statement(this.#sql.tryLock)]);
    return answer?.rows[0]?.[0] === 't';
  }

  /**
   * Takes the database over from the owner of that epoch. `null`: somebody was quicker. Waits for
   * what the owner before has under way, at most the session's `lock_timeout`.
   */
  async take(pipeline: Pipeline, me: Instance, seenEpoch: number): Promise<TakenOver | null> {
    const name = randomBytes(EPOCH_NAME_BYTES).toString('base64url');
    const sql = this.#sql;
    const answers = await ask(pipeline, [
      statement(sql.lock),
      statement(sql.take, String(seenEpoch), me.id, me.label),
      statement(sql.highest),
      statement(sql.beginFeedEpoch, name, me.id),
      statement(sql.pruneFeedEpochs, String(MAX_EPOCHS)),
    ]);
    const [locked, taken, highest] = answers;
    const epoch = taken?.rows[0]?.[0];
    if (epoch === undefined || epoch === null) return null;
    const [lastSid, lastSeq] = highest?.rows[0] ?? [];
    return {
      ownerEpoch: Number(epoch),
      wasLeftClean: locked?.rows[0]?.[0] === '1',
      lastSid: Number(lastSid),
      lastSeq: Number(lastSeq),
    };
  }

  /**
   * Makes everything stale that an earlier session of this owner may still have under way. `null`:
   * somebody else owns the database.
   */
  async regain(pipeline: Pipeline, me: Instance): Promise<Regained | null> {
    const sql = this.#sql;
    const [, regained, , highest] = await ask(pipeline, [
      statement(sql.lock),
      statement(sql.regain, me.id),
      statement(sql.beat, me.id),
      statement(sql.highest),
    ]);
    const epoch = regained?.rows[0]?.[0];
    if (epoch === undefined || epoch === null) return null;
    return { ownerEpoch: Number(epoch), lastSeq: Number(highest?.rows[0]?.[1]) };
  }

  /** The server's clock; `null`: somebody else owns the database. */
  async beat(pipeline: Pipeline, me: Instance): Promise<number | null> {
    const [answer] = await ask(pipeline, [statement(this.#sql.beat, me.id)]);
    const at = answer?.rows[0]?.[0];
    return at === undefined || at === null ? null : Number(at);
  }

  /** Lets a standby take over at once. `isClean`: the next owner is told so. */
  async leave(pipeline: Pipeline, me: Instance, isClean: boolean): Promise<void> {
    const marks = isClean ? [statement(this.#sql.leaveClean, me.id)] : [];
    await ask(pipeline, [statement(this.#sql.lock), ...marks, statement(this.#sql.still, me.id)]);
  }

  /** Ends sessions by their application's name, as far as the role may. */
  async terminate(pipeline: Pipeline, applicationNames: readonly string[]): Promise<void> {
    for (const name of applicationNames) {
      await ask(pipeline, [statement(this.#sql.terminate, name)]);
    }
  }
}

/** Sends one segment, which is a transaction. Throws what it ended with. */
export async function ask(
  pipeline: Pipeline,
  statements: readonly Statement[],
): Promise<readonly Answer[]> {
  const reply = await pipeline.send(statements);
  if (reply.kind === 'answers') return reply.answers;
  throw reply.thrown;
}

/** SQL with parameters as text. */
export function statement(sql: string, ...parameters: readonly string[]): Statement {
  return { sql, parameters };
}

function statementsOf(schema: string) {
  const engine = `"${schema}".engine`;
  const beats = `"${schema}".beats`;
  const epochs = `"${schema}".feed_epochs`;
  const millis = (time: string): string => `floor(extract(epoch FROM ${time}) * 1000)::bigint`;
  const mine = `(SELECT instance FROM ${beats} WHERE id = 1) = $1`;
  return {
    look: `SELECT e.owner_epoch, b.instance, b.owner, ${millis('clock_timestamp() - b.at')},
      ${millis('clock_timestamp()')}
      FROM ${engine} e CROSS JOIN ${beats} b WHERE e.id = 1 AND b.id = 1`,
    tryLock: tryOwnerLock(schema),
    // A statement of its own: those after it see what whoever held the lock has committed.
    lock: `SELECT left_clean FROM ${engine} WHERE id = 1 FOR UPDATE`,
    take: `WITH taken AS (
        UPDATE ${engine} SET owner_epoch = owner_epoch + 1, left_clean = 0
        WHERE id = 1 AND owner_epoch = $1::bigint RETURNING owner_epoch),
      claimed AS (
        UPDATE ${beats} SET instance = $2, owner = $3, at = clock_timestamp(),
          since = ${millis('clock_timestamp()')}
        WHERE id = 1 AND EXISTS (SELECT 1 FROM taken))
      SELECT owner_epoch FROM taken`,
    highest: `SELECT (SELECT coalesce(max(sid), 0) FROM "${schema}".sagas),
      (SELECT coalesce(max(seq), 0) FROM "${schema}".journal)`,
    beginFeedEpoch: `INSERT INTO ${epochs} (name, after_seq)
      SELECT $1, (SELECT coalesce(max(seq), 0) FROM "${schema}".journal)
      WHERE (SELECT instance FROM ${beats} WHERE id = 1) = $2`,
    pruneFeedEpochs: `DELETE FROM ${epochs}
      WHERE id <= (SELECT max(id) FROM ${epochs}) - $1::bigint`,
    regain: `UPDATE ${engine} SET owner_epoch = owner_epoch + 1 WHERE id = 1 AND ${mine}
      RETURNING owner_epoch`,
    beat: `UPDATE ${beats} SET at = clock_timestamp() WHERE id = 1 AND instance = $1
      RETURNING ${millis('at')}`,
    leaveClean: `UPDATE ${engine} SET left_clean = 1 WHERE id = 1 AND ${mine}`,
    // Without an instance: a beat that is still under way must not undo it.
    still: `UPDATE ${beats} SET at = NULL, instance = NULL WHERE id = 1 AND instance = $1`,
    terminate: `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()`,
  };
}
