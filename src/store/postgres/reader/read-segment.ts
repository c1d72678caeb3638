/**
 * One query of a reader as it goes to PostgreSQL: behind what makes its transaction a read in bounded
 * time, in one go, and with an end to its rows.
 *
 * Nothing is left to the session, so that a pooler may stand in between.
 */
import { type Connection, DatabaseError, Query } from 'pg';
import { BackstepError } from '../../../core/errors.ts';
import { toFailure } from '../../../core/failure.ts';
import {
  MAX_ROWS_READ,
  ONLY_READS,
  readUnavailable,
  tookTooLong,
  TOO_MANY_ROWS,
} from '../../read-limits.ts';
import { VALUE_TYPES } from '../connection/client.ts';
import { toFault } from '../connection/fault.ts';
import { toParameter } from '../writer/participants.ts';
import { Frames } from '../connection/wire.ts';

/** What may be asked; all else (SET, BEGIN, COPY, LISTEN) is refused before it is sent. */
const ASKING = /^(?:\s|--[^\n]*\n|\/\*[^]*?\*\/|\()*(?:select|with|values|table|explain|show)\b/i;
/** SQLSTATE of a read that writes. */
const READ_ONLY_TRANSACTION = '25006';
const CANCELLED = '57014';
/** No text that is stored has it: what PostgreSQL cannot even be asked for is not found. */
const NOT_STORED = '\uffff';

interface Column {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

interface Described {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** The bytes of a query. Throws an `Error` for one that writes or cannot be sent. */
export function readFrames(
  sql: string,
  parameters: readonly unknown[],
  timeLimitMs: number,
): Buffer {
  if (!ASKING.test(sql)) throw new Error(ONLY_READS);
  const frames = new Frames();
  frames.parse(
    '',
    `SELECT set_config('transaction_read_only', 'on', true),
      set_config('statement_timeout', '${timeLimitMs}', true)`,
  );
  frames.run('', []);
  frames.parse('', sql);
  frames.read('', parameters.map(askedFor), MAX_ROWS_READ + 1);
  frames.sync();
  return frames.bytes();
}

function askedFor(value: unknown) {
  try {
    return toParameter(typeof value === 'string' ? value.replaceAll('\0', NOT_STORED) : value);
  } catch (cause) {
    throw new Error('a parameter of a read cannot be sent', { cause });
  }
}

/** A query to pg; settles once, with its rows or with why there are none. */
export class ReadSegment extends Query {
  readonly #bytes: Buffer;
  readonly #settle: (outcome: readonly unknown[] | Error) => void;
  readonly #timeLimitMs: number;
  #columns: readonly Column[] | null = null;
  #rows: unknown[] = [];
  #error: Error | null = null;

  constructor(
    bytes: Buffer,
    timeLimitMs: number,
    settle: (outcome: readonly unknown[] | Error) => void,
  ) {
    super('');
    this.#bytes = bytes;
    this.#timeLimitMs = timeLimitMs;
    this.#settle = settle;
  }

  // pg calls all these.
  override submit = (connection: Connection): null => {
    connection.stream.write(this.#bytes);
    return null;
  };

  handleRowDescription({ fields }: Described): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: VALUE_TYPES.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#columns === null || this.#error !== null) return; // of the settings
    try {
      const entries = this.#columns.map(({ name, parse }, index) => {
        const text = fields[index] ?? null;
        return [name, text === null ? null : parse(text)] as const;
      });
      this.#rows.push(Object.fromEntries(entries));
    } catch (thrown) {
      // A parser of the program's own.
      this.#error = new Error(toFailure(thrown).message, { cause: thrown });
    }
  }

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {
    this.#error = new Error(TOO_MANY_ROWS);
  }

  handleError(thrown: unknown): void {
    this.#settle(toReadError(thrown, this.#timeLimitMs));
  }

  handleReadyForQuery(): void {
    this.#settle(this.#error ?? this.#rows);
  }
}

/** What a read rejects with. */
function toReadError(thrown: unknown, timeLimitMs: number): Error {
  const code = thrown instanceof DatabaseError ? thrown.code : undefined;
  if (code === CANCELLED) return tookTooLong(timeLimitMs);
  if (code === READ_ONLY_TRANSACTION) return new Error(ONLY_READS);
  const fault = toFault(thrown);
  switch (fault.kind) {
    case 'statement':
      return new Error(fault.reason);
    case 'failed':
      return new BackstepError('storage-failed', fault.reason);
    case 'locked':
    case 'stalled':
    case 'lost':
      return readUnavailable(fault.reason);
  }
}
