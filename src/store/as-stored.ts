/**
 * What a database holds, as a check from outside sees it: shapes only.
 *
 * Apart from the reading of it, so that a program that names a shape needs no types of the SQLite
 * binding.
 */
import type {
  AuditTable,
  DeadLettersTable,
  JournalTable,
  OutboxTable,
  SagasTable,
  StartKeysTable,
} from './schema.ts';
import type { StoredSaga } from './store.ts';

/** One saga as it is stored, at one moment. */
export interface SagaAsStored {
  readonly row: SagasTable;
  /** `null`: the state is so damaged that the view cannot show any. */
  readonly steps: readonly StepAsStored[] | null;
  /** Messages that nobody acknowledged. */
  readonly messages: readonly OutboxTable[];
  readonly openLetter: DeadLettersTable | null;
  readonly audit: readonly AuditTable[];
  /** The entry of its start key; `null` where it has no key or the entry is gone. */
  readonly startKey: StartKeysTable | null;
  /** In order of `saga_seq`; can be gone through once, before the next saga is asked for. */
  readonly journal: Iterable<JournalTable>;
}

/** One that is not over. */
export interface SagaInFlight extends StoredSaga {
  /** Why it stands still, as lists show it. */
  readonly error: string | null;
}

/** A line of the view `saga_steps`. */
export interface StepAsStored {
  readonly name: string;
  readonly occurrence: number;
  readonly status: string;
  readonly attempts: number;
}

/** A saga's journal, of one moment. */
export interface StoredJournal {
  readonly saga: Pick<SagasTable, 'id' | 'type' | 'version' | 'definition_hash'>;
  readonly lines: readonly JournalTable[];
}

/** An open database, looked at from outside. Whatever reads throws what the database's driver throws. */
export interface StoredSagas {
  /** How many sagas there are now. */
  count(): Promise<number>;
  /**
   * What the database finds wrong with its own files; empty when nothing. Reads all of them. `null`:
   * it has no means to tell.
   */
  fileFlaws(): Promise<readonly string[] | null>;
  /** Rows that hang off sagas that are not there, by table. */
  orphans(): Promise<Readonly<Record<'journal' | 'outbox', number>>>;
  /** Every saga by sid, each of one moment; those that start meanwhile included. */
  sagas(): AsyncIterable<SagaAsStored>;
  /** How many sagas are not over now. */
  inFlightCount(): Promise<number>;
  /** Each saga that is not over, as it is when it is read. */
  inFlight(): AsyncIterable<SagaInFlight>;
  /** The journal of the saga with this public id, and who it is; `null`: no such saga. */
  journalOf(id: string): Promise<StoredJournal | null>;
  close(): Promise<void>;
}
