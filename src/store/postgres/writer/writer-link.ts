/**
 * The connection of an owner's batches, and how an owner comes to it: by taking the database over,
 * or by coming back after a connection was lost.
 *
 * Invariant: whatever an earlier connection may still have under way is behind the fence before
 * anything is written or asked over the next one.
 */
import { connect, type PostgresConnection } from '../connection/connection.ts';
import { BatchStopped, WRITER_SETTINGS, WriterSession } from './session.ts';
import { TAKEN_OVER } from '../../final-fault.ts';
import { toFault } from '../connection/fault.ts';
import {
  ask,
  type OwnershipQueries,
  type Instance,
  statement,
  type TakenOver,
} from '../ownership/ownership.ts';
import { sessionNames } from '../ownership/owner-watch.ts';
import type { EngineStatements } from './statements.ts';
import type { PostgresTimings } from '../ownership/timings.ts';
import { transactionStatus } from './unknown-commit.ts';

export interface WriterLinkOptions {
  readonly url: string;
  readonly me: Instance;
  readonly queries: OwnershipQueries;
  readonly sql: EngineStatements;
  readonly timings: PostgresTimings;
  /** Hears that the connection is gone. */
  readonly onLost: (link: WriterLink, reason: string) => void;
}

export interface WriterLink {
  readonly connection: PostgresConnection;
  readonly session: WriterSession;
  readonly ownerEpoch: number;
  readonly history: History;
}

/** Which history of which cluster this is; another one may lack what was acknowledged. */
export interface History {
  readonly system: string | null;
  readonly timeline: string | null;
}

/** What the owner has seen of the database, and acknowledged last. */
export interface Acknowledged {
  readonly ownerEpoch: number;
  readonly seq: number;
  readonly transactionId: string | null;
  readonly history: History;
}

/** A link of an owner that has just taken over; `null`: somebody was quicker. Throws as pg. */
export async function takeOver(
  options: WriterLinkOptions,
  seenEpoch: number,
): Promise<{ link: WriterLink; taken: TakenOver } | null> {
  const connecting = await open(options);
  const { connection } = connecting;
  try {
    const taken = await options.queries.take(connection.pipeline, options.me, seenEpoch);
    if (taken === null) {
      connection.destroy();
      return null;
    }
    const link = await complete(options, connecting, taken.ownerEpoch);
    return { link, taken };
  } catch (thrown) {
    connection.destroy();
    throw thrown;
  }
}

/**
 * A link of an owner that lost its last one. Throws `BatchStopped` when it is owner no more or when
 * the database is not the one that it was, and as pg for what may pass.
 */
export async function comeBack(
  options: WriterLinkOptions,
  before: PostgresConnection | null,
  acknowledged: Acknowledged,
): Promise<WriterLink> {
  const connecting = await open(options);
  const { connection } = connecting;
  try {
    // Its session may not have noticed yet, and wait for somebody's lock for long.
    if (before !== null) await endSession(connection, before);
    const regained = await options.queries.regain(connection.pipeline, options.me);
    if (regained === null) throw new BatchStopped(TAKEN_OVER);
    if (regained.ownerEpoch <= acknowledged.ownerEpoch) throw wentBack();
    const link = await complete(options, connecting, regained.ownerEpoch);
    await assertSameHistory(link, acknowledged, regained.lastSeq);
    return link;
  } catch (thrown) {
    connection.destroy();
    throw thrown;
  }
}

interface Connecting {
  readonly connection: PostgresConnection;
  /** Who is to hear of its loss. */
  link: WriterLink | null;
}

async function open({ url, me, timings, onLost }: WriterLinkOptions): Promise<Connecting> {
  const state: { link: WriterLink | null } = { link: null };
  const connection = await connect(url, {
    applicationName: sessionNames(me.id).writer,
    settings: WRITER_SETTINGS,
    answerLimitMs: timings.answerLimitMs,
    onLost: (reason) => {
      if (state.link !== null) onLost(state.link, reason);
    },
  });
  return Object.assign(state, { connection });
}

async function complete(
  { sql }: WriterLinkOptions,
  connecting: Connecting,
  ownerEpoch: number,
): Promise<WriterLink> {
  const { connection } = connecting;
  const { pipeline, settings } = connection;
  const session = new WriterSession(pipeline, { sql, ownerEpoch, settings });
  const history = await readHistory(connection);
  const link = { connection, session, ownerEpoch, history };
  connecting.link = link;
  return link;
}

async function readHistory({ pipeline }: PostgresConnection): Promise<History> {
  const read = async (sql: string): Promise<string | null> => {
    try {
      const [answer] = await ask(pipeline, [statement(sql)]);
      return answer?.rows[0]?.[0] ?? null;
    } catch (thrown) {
      // Some services keep these from their users; then the seq and the transaction tell.
      if (toFault(thrown).kind === 'statement') return null;
      throw thrown;
    }
  };
  return {
    system: await read('SELECT system_identifier FROM pg_control_system()'),
    timeline: await read('SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)'),
  };
}

async function assertSameHistory(
  { connection, history }: WriterLink,
  { seq, transactionId, history: before }: Acknowledged,
  lastSeq: number,
): Promise<void> {
  const isSame = history.system === before.system && history.timeline === before.timeline;
  if (isSame && lastSeq >= seq && (await isCommitted(connection, transactionId))) return;
  throw wentBack();
}

function wentBack(): BatchStopped {
  return new BatchStopped({
    kind: 'failed',
    reason:
      'the database went back to an earlier state, or another server took its place, which may ' +
      'lack what was acknowledged; this process must stop',
  });
}

async function isCommitted({ pipeline }: PostgresConnection, id: string | null) {
  if (id === null) return true;
  try {
    const status = await transactionStatus(pipeline, id);
    return status === 'committed' || status === null;
  } catch (thrown) {
    // Its number may have been given again; one of the future was never seen here.
    if (toFault(thrown).kind === 'statement') return false;
    throw thrown;
  }
}

async function endSession(
  { pipeline }: PostgresConnection,
  { pid, backendStart }: PostgresConnection,
): Promise<void> {
  try {
    await ask(pipeline, [
      statement(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid = $1 AND backend_start = $2::timestamptz`,
        String(pid),
        backendStart,
      ),
    ]);
  } catch (thrown) {
    if (toFault(thrown).kind === 'lost') throw thrown; // else the fence waits for it
  }
}
