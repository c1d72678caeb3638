/**
 * Sends many statements in one go over one connection and hears what became of each.
 *
 * A segment ends with one Sync: outside BEGIN it is a transaction of its own, inside it is a point
 * after which an earlier error no longer swallows statements. Several may be under way; they are
 * answered in order. Invariant: a segment counts as done only when the server is ready again after
 * it, so that an error at its commit is an error of the segment.
 */
import { type Client, type Connection, Query } from 'pg';
import { toFailure } from '../../../core/failure.ts';
import { UnsendableError } from './fault.ts';
import { Frames, type WireParameter } from './wire.ts';

/** One statement; prepared under a name of its own, by its text. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly WireParameter[];
  /** True: its text hardly comes again, so it is not kept prepared. */
  readonly isOnce?: true;
}

/** What one statement answered. */
export interface Answer {
  /** Columns in order, as text. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** Rows written or returned. */
  readonly count: number;
  /** The command's own word, such as `COMMIT`. */
  readonly command: string;
}

export type Reply =
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] }
  /** `index`: of the statement at fault; that many answered before it. */
  | { readonly kind: 'fault'; readonly thrown: unknown; readonly index: number };

/** Most statements kept prepared at a time; beyond it the one unused for longest is freed. */
const MAX_PREPARED = 256;
/** Larger room is not kept: hardly any segment needs it. */
const MOST_ROOM_KEPT = 4 * 1024 * 1024;

export interface PipelineOptions {
  /** How long the server may be silent while something is under way. */
  readonly silenceLimitMs: number;
  /** It was silent for longer. */
  readonly onSilence: () => void;
}

/** Statements of one connection. Its client must be in pipeline mode. */
export class Pipeline {
  readonly #client: Client;
  readonly #silence: NodeJS.Timeout;
  #underWay = 0;
  /** By text, the one used last at the end. */
  readonly #names = new Map<string, Name>();
  readonly #freed: string[] = [];
  #counter = 0;
  /** Room for the next segment, unless that of the last is still under way. */
  #room: Buffer | undefined;

  constructor(client: Client, options: PipelineOptions) {
    this.#client = client;
    this.#silence = setTimeout(() => {
      if (this.#underWay > 0) options.onSilence();
    }, options.silenceLimitMs).unref();
  }

  /** Sends one segment. Never rejects: whatever goes wrong is a fault. */
  send(statements: readonly Statement[]): Promise<Reply> {
    const introduced: Name[] = [];
    let bytes: Buffer;
    try {
      bytes = this.#encode(statements, introduced);
    } catch (thrown) {
      // Nothing was sent, so the server has none of the names either.
      for (const name of introduced) name.state = 'unsure';
      const fault = new UnsendableError(toFailure(thrown).message);
      return Promise.resolve({ kind: 'fault', thrown: fault, index: 0 });
    }
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#silence.refresh();
    this.#underWay += 1;
    const segment = new Segment(bytes, (reply) => {
      this.#silence.refresh();
      this.#underWay -= 1;
      if (reply.kind === 'answers') this.#keepRoom(bytes);
      this.#note(statements, introduced, reply);
      resolve(reply);
    });
    this.#client.query(segment);
    return promise;
  }

  #encode(statements: readonly Statement[], introduced: Name[]): Buffer {
    const frames = new Frames(this.#room);
    this.#room = undefined;
    for (const name of this.#freed) frames.close(name);
    for (const { sql, parameters, isOnce } of statements) {
      if (isOnce === true) {
        frames.parse('', sql);
        frames.run('', parameters);
        continue;
      }
      const name = this.#nameOf(sql);
      if (name.state !== 'sent') {
        if (name.state === 'unsure') frames.close(name.text);
        frames.parse(name.text, sql);
        name.state = 'sent';
        introduced.push(name);
      }
      frames.run(name.text, parameters);
    }
    frames.sync();
    this.#freed.length = 0;
    return frames.bytes();
  }

  /** The server has answered all that was in it, so nobody reads it any more. */
  #keepRoom({ buffer }: Buffer): void {
    const { byteLength } = buffer;
    if (byteLength > MOST_ROOM_KEPT || byteLength <= (this.#room?.length ?? 0)) return;
    this.#room = Buffer.from(buffer);
  }

  #nameOf(sql: string): Name {
    const known = this.#names.get(sql);
    const name = known ?? { text: `s${(this.#counter += 1)}`, state: 'new' };
    if (known !== undefined) this.#names.delete(sql);
    this.#names.set(sql, name);
    if (this.#names.size > MAX_PREPARED) this.#forgetOldest();
    return name;
  }

  #forgetOldest(): void {
    for (const [sql, name] of this.#names) {
      this.#names.delete(sql);
      this.#freed.push(name.text);
      return;
    }
  }

  /**
   * After an error the server skips what follows, Parse too: nobody knows which new names it has.
   * The statement at fault is parsed anew as well, since its tables may have been changed.
   */
  #note(statements: readonly Statement[], introduced: readonly Name[], reply: Reply): void {
    if (reply.kind === 'answers') return;
    for (const name of introduced) name.state = 'unsure';
    const guilty = this.#names.get(statements[reply.index]?.sql ?? '');
    if (guilty !== undefined) guilty.state = 'unsure';
  }
}

interface Name {
  readonly text: string;
  /** `unsure`: the server may or may not have it. */
  state: 'new' | 'sent' | 'unsure';
}

/** A query to pg, so that it may be in flight with others; what it sends and reads is ours. */
class Segment extends Query {
  readonly #bytes: Buffer;
  readonly #settle: (reply: Reply) => void;
  readonly #answers: Answer[] = [];
  #rows: (readonly (string | null)[])[] = [];

  constructor(bytes: Buffer, settle: (reply: Reply) => void) {
    super('');
    this.#bytes = bytes;
    this.#settle = settle;
  }

  // pg calls all these.
  override submit = (connection: Connection): null => {
    connection.stream.write(this.#bytes);
    return null;
  };

  handleRowDescription(): void {}

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#rows.push(fields);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [command = ''] = text.split(' ', 1);
    const count = Number(text.slice(text.lastIndexOf(' ') + 1));
    this.#answers.push({ rows: this.#rows, command, count: Number.isNaN(count) ? 0 : count });
    this.#rows = [];
  }

  handleEmptyQuery(): void {
    this.#answers.push({ rows: [], command: '', count: 0 });
  }

  handleError(thrown: unknown): void {
    this.#settle({ kind: 'fault', thrown, index: this.#answers.length });
  }

  handleReadyForQuery(): void {
    this.#settle({ kind: 'answers', answers: this.#answers });
  }
}
