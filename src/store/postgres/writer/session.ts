/**
 * One connection as the writer of batches uses it: segments, of which those faults come back that
 * an item may have. What concerns the whole batch is thrown as `BatchStopped`.
 */
import type { Settings } from '../connection/connection.ts';
import { type Fault, toFault } from '../connection/fault.ts';
import type { Answer, Pipeline, Statement } from '../connection/pipeline.ts';
import type { EngineStatements } from './statements.ts';

type StoppingFault = Exclude<Fault, { kind: 'statement' | 'locked' }>;

/** A fault that ends work on the batch, for now or for good. */
export class BatchStopped extends Error {
  readonly fault: StoppingFault;

  constructor(fault: StoppingFault) {
    super(fault.reason);
    this.fault = fault;
  }
}

/** A fault of a statement. */
export interface SegmentFault {
  readonly kind: 'statement' | 'locked';
  readonly reason: string;
  /** SQLSTATE; empty when nothing was sent. */
  readonly code: string;
  /** Of the statement in the segment. */
  readonly index: number;
}

export type Sent = { readonly kind: 'answers'; readonly answers: readonly Answer[] } | SegmentFault;

/** How long a participant's statement waits for a lock that somebody else holds. */
const LOCK_WAIT_MS = 100;
/** The same once one of the batch has waited in vain: many are not to hold up the others. */
const NEXT_LOCK_WAIT_MS = 10;
/** How long one statement of a participant may take. */
const STATEMENT_LIMIT_MS = 3_000;

export const BEGIN = command('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
export const COMMIT = command('COMMIT');
const ROLLBACK = command('ROLLBACK');
/** A deferred constraint speaks here, where the item at fault is known, and not at COMMIT. */
export const CHECK_CONSTRAINTS = command('SET CONSTRAINTS ALL IMMEDIATE');

/** Settings of a transaction for participants' statements: how those are planned is not ours. */
export const FOR_PARTICIPANTS = settings({
  lock_timeout: `${LOCK_WAIT_MS}`,
  statement_timeout: `${STATEMENT_LIMIT_MS}`,
  enable_seqscan: 'on',
  enable_hashjoin: 'on',
  enable_mergejoin: 'on',
});
export const AFTER_A_WAIT = settings({ lock_timeout: `${NEXT_LOCK_WAIT_MS}` });

export interface SessionOptions {
  readonly sql: EngineStatements;
  readonly ownerEpoch: number;
  /** What the connection has in force, by name. */
  readonly settings: Settings;
}

/** What the connection of the writer is opened with. */
export const WRITER_SETTINGS: Settings = {
  default_transaction_read_only: 'off',
  // Plans are made once, perhaps while tables are empty: none may read whole tables.
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  // A row of the engine's that somebody else holds stalls the writer, and is told.
  lock_timeout: '2s',
  // What a process that stands still has begun is undone, and its locks are free.
  idle_in_transaction_session_timeout: '3s',
};

/** What a participant's function may change, and what is changed for participants. */
const RESTORED = [
  'synchronous_commit',
  'statement_timeout',
  'lock_timeout',
  'enable_seqscan',
  'enable_hashjoin',
  'enable_mergejoin',
  'plan_cache_mode',
];

export class WriterSession {
  readonly #pipeline: Pipeline;
  /** The fence; first in every transaction. Answers the transaction's id. */
  readonly owner: Statement;
  /** Back to what the session began with, whatever a participant's function has set. */
  readonly forEngine: Statement;

  constructor(pipeline: Pipeline, options: SessionOptions) {
    this.#pipeline = pipeline;
    this.owner = { sql: options.sql.owner, parameters: [String(options.ownerEpoch)] };
    const inForce = RESTORED.map((name) => [name, options.settings[name] ?? ''] as const);
    this.forEngine = settings(Object.fromEntries(inForce));
  }

  /** Sends a segment. Throws `BatchStopped`. */
  async send(statements: readonly Statement[]): Promise<Sent> {
    const reply = await this.#pipeline.send(statements);
    if (reply.kind === 'answers') return reply;
    const fault = toFault(reply.thrown);
    switch (fault.kind) {
      case 'statement':
        return { ...fault, index: reply.index };
      case 'locked':
        return { ...fault, code: 'locked', index: reply.index };
      case 'stalled':
      case 'lost':
      case 'failed':
        throw new BatchStopped(fault);
    }
  }

  /** Sends what cannot be at fault by itself. Throws `BatchStopped` when it is. */
  async expect(statements: readonly Statement[]): Promise<readonly Answer[]> {
    const sent = await this.send(statements);
    if (sent.kind === 'answers') return sent.answers;
    throw new BatchStopped({ kind: 'stalled', reason: sent.reason });
  }

  /** Leaves a transaction; none open is no fault. */
  async rollback(): Promise<void> {
    await this.expect([ROLLBACK]);
  }
}

/** SQL without parameters. */
function command(sql: string): Statement {
  return { sql, parameters: [] };
}

/** Begins what can be undone by its number; see `undo`. */
export function savepoint(number: number): Statement {
  return { sql: `SAVEPOINT item_${number}`, parameters: [], isOnce: true };
}

/** Undoes all since the savepoint of that number. */
export function undo(number: number): readonly Statement[] {
  return [
    { sql: `ROLLBACK TO SAVEPOINT item_${number}`, parameters: [], isOnce: true },
    { sql: `RELEASE SAVEPOINT item_${number}`, parameters: [], isOnce: true },
  ];
}

function settings(values: Settings): Statement {
  const calls = Object.entries(values).map(
    ([name, value]) => `set_config('${name}', '${value}', true)`,
  );
  return command(`SELECT ${calls.join(', ')}`);
}
