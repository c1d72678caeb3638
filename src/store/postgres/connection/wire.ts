/**
 * What goes to PostgreSQL for one pipeline: statements as frames of its extended protocol, many of
 * them before one Sync.
 *
 * Written by hand because pg sends one Sync per query and arrays as text: measured on batches of
 * 128 turns, this is a third of that processor time. The answers, the handshake, TLS and passwords
 * are pg's. Never sends anything itself.
 */

/**
 * A whole column of a set statement, read from its rows as it is written: to gather it first costs
 * as much as to write it.
 */
export interface ColumnParameter {
  readonly type: ColumnType;
  readonly rows: readonly Row[];
  /** Where in each row; what a row has not is null. */
  readonly at: number;
  /** Told to people only: what a text cannot hold, which is NUL, is replaced and not refused. */
  readonly isShown?: boolean;
}

export type ColumnType = 'bigint' | 'text' | 'boolean';
export type ColumnValue = string | number | boolean | null;
export type Row = readonly (ColumnValue | undefined)[];

/** A string travels as text of whatever type the statement wants, bytes as they are. */
export type WireParameter = null | string | Uint8Array | ColumnParameter;

const OIDS: Readonly<Record<ColumnType, number>> = { bigint: 20, text: 25, boolean: 16 };

const CODES = { parse: 0x50, bind: 0x42, describe: 0x44, execute: 0x45, close: 0x43, sync: 0x53 };
const PORTAL = 0x50;
const ALL_ROWS = 0;
const BINARY = 1;
const TEXT = 0;
const NULL_LENGTH = -1;
const FIRST_SIZE = 4_096;
const TWO_TO_32 = 2 ** 32;

/** Frames of one pipeline, in the order they were added. */
export class Frames {
  #bytes: Buffer;
  #at = 0;

  /** `room`: all of a buffer to write into. It is left for a larger one where it is too small. */
  constructor(room: Buffer = Buffer.allocUnsafeSlow(FIRST_SIZE)) {
    this.#bytes = room;
  }

  /** Names a statement; its parameters' types are what its text says. */
  parse(name: string, sql: string): void {
    const start = this.#begin(CODES.parse);
    this.#name(name);
    this.#name(sql);
    this.#int16(0);
    this.#end(start);
  }

  /** Frees a name; one that is not there is no error. */
  close(name: string): void {
    const start = this.#begin(CODES.close);
    this.#byte(0x53);
    this.#name(name);
    this.#end(start);
  }

  /**
   * Runs a named statement. Throws `RangeError` for a number that a bigint cannot hold exactly;
   * the frames are of no use then.
   */
  run(name: string, parameters: readonly WireParameter[]): void {
    this.#bind(name, parameters);
    this.#execute(ALL_ROWS);
  }

  /** As `run`, with a description of the columns first, and at most so many rows. */
  read(name: string, parameters: readonly WireParameter[], maxRows: number): void {
    this.#bind(name, parameters);
    const start = this.#begin(CODES.describe);
    this.#byte(PORTAL);
    this.#name('');
    this.#end(start);
    this.#execute(maxRows);
  }

  #bind(name: string, parameters: readonly WireParameter[]): void {
    const start = this.#begin(CODES.bind);
    this.#name('');
    this.#name(name);
    this.#int16(parameters.length);
    for (const parameter of parameters) this.#int16(isText(parameter) ? TEXT : BINARY);
    this.#int16(parameters.length);
    for (const parameter of parameters) this.#parameter(parameter);
    this.#int16(1);
    this.#int16(TEXT);
    this.#end(start);
  }

  /** Ends the pipeline, and with it its implicit transaction. */
  sync(): void {
    this.#end(this.#begin(CODES.sync));
  }

  /** Everything so far. The caller must not add to it any more. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #execute(maxRows: number): void {
    const start = this.#begin(CODES.execute);
    this.#name('');
    this.#int32(maxRows);
    this.#end(start);
  }

  #parameter(parameter: WireParameter): void {
    if (parameter === null) return this.#int32(NULL_LENGTH);
    if (typeof parameter === 'string') return this.#text(parameter);
    if (parameter instanceof Uint8Array) {
      this.#int32(parameter.byteLength);
      this.#room(parameter.byteLength);
      this.#bytes.set(parameter, this.#at);
      this.#at += parameter.byteLength;
      return;
    }
    const start = this.#at;
    this.#int32(0);
    this.#array(parameter);
    this.#bytes.writeInt32BE(this.#at - start - 4, start);
  }

  /** One dimension that begins at 1, as `array_send` has it. */
  #array({ type, rows, at, isShown }: ColumnParameter): void {
    this.#int32(1);
    const nullsAt = this.#at;
    this.#int32(0);
    this.#int32(OIDS[type]);
    this.#int32(rows.length);
    this.#int32(1);
    let hasNulls = false;
    for (const row of rows) {
      const value = row[at] ?? null;
      if (value === null) {
        hasNulls = true;
        this.#int32(NULL_LENGTH);
      } else if (type === 'bigint') this.#bigint(value);
      else if (type === 'boolean') this.#boolean(value);
      else this.#text(isShown === true ? withoutNul(String(value)) : String(value));
    }
    if (hasNulls) this.#bytes.writeInt32BE(1, nullsAt);
  }

  #bigint(value: ColumnValue): void {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      throw new RangeError(`${String(value)} is no whole number that can be stored`);
    }
    this.#room(12);
    const high = Math.floor(value / TWO_TO_32);
    this.#bytes.writeInt32BE(8, this.#at);
    this.#bytes.writeInt32BE(high, this.#at + 4);
    this.#bytes.writeUInt32BE(value - high * TWO_TO_32, this.#at + 8);
    this.#at += 12;
  }

  #boolean(value: ColumnValue): void {
    this.#int32(1);
    this.#byte(value === true ? 1 : 0);
  }

  /** UTF-8 with its length before it; half a surrogate pair becomes U+FFFD, as in SQLite. */
  #text(text: string): void {
    // No string takes more, and a second look at a long one costs more than the room.
    this.#room(4 + text.length * 3);
    const length = this.#bytes.write(text, this.#at + 4, 'utf8');
    this.#bytes.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
  }

  #name(text: string): void {
    this.#room(text.length * 3 + 1);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
    this.#byte(0);
  }

  #begin(code: number): number {
    this.#byte(code);
    const start = this.#at;
    this.#int32(0);
    return start;
  }

  #end(start: number): void {
    this.#bytes.writeInt32BE(this.#at - start, start);
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #int16(value: number): void {
    this.#room(2);
    this.#at = this.#bytes.writeInt16BE(value, this.#at);
  }

  #int32(value: number): void {
    this.#room(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\u{FFFD}') : text;
}

function isText(parameter: WireParameter): boolean {
  return parameter === null || typeof parameter === 'string';
}
