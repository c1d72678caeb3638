/**
 * The file of sagas on their way to another database: lines of JSON, then a hash of all before it, and
 * behind that where it was imported, so that it is not imported elsewhere as well.
 *
 * Invariant: a file that is read is whole, and of a format that is known, before anything of it is
 * used; one that was cut or changed is refused. A copy of it does not know what became of the other.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { BackstepError } from '../../core/errors.ts';
import type { SagaParts } from '../../store/queries/moves.ts';
import type { JournalTable, SagasTable } from '../../store/schema.ts';

const FORMAT = 'backstep-sagas/1';
const OWNER_ONLY = 0o600;

/** What a file says of itself. */
export interface MoveHeader {
  readonly format: typeof FORMAT;
  readonly move: string;
  /** Where it goes, as people call that. */
  readonly place: string;
  /** The database that the sagas leave, without its password. */
  readonly from: string;
  readonly atMs: number;
  /** The highest seq in use there: ids of messages that were made there are not made again. */
  readonly lastSeq: number;
  /** Nothing that was under way there had ended by a crash. */
  readonly wasLeftClean: boolean;
}

/** A file that was checked. */
export interface CheckedFile extends MoveHeader {
  /** Databases that its sagas went to, the first one first; more than one only by force. */
  readonly imported: readonly Destination[];
}

/** A database that the sagas of a file went to. */
export interface Destination {
  readonly database: string;
  /** The machine that it was called so on. */
  readonly machine: string;
  readonly atMs: number;
  /** It is the one that they left, where they went on after all. */
  readonly isBack?: true;
}

/** A saga as it stood before it began to leave. */
export interface MovedSaga {
  readonly saga: SagasTable;
  readonly parts: SagaParts;
}

/** A line of a file. Those of the journal belong to the saga before them. */
export type MoveLine = MovedSaga | { readonly journal: readonly JournalTable[] };

/** Makes a header. */
export function moveHeader(facts: Omit<MoveHeader, 'format'>): MoveHeader {
  return { format: FORMAT, ...facts };
}

/**
 * Writes a file and gives it its name once it is durable. `imported`: what the file that it replaces
 * knows of that.
 */
export async function writeMoveFile(
  path: string,
  header: MoveHeader,
  lines: AsyncIterable<MoveLine>,
  imported: readonly Destination[],
): Promise<void> {
  const part = `${path}.${header.move}.part`;
  const hash = createHash('sha256');
  let sagas = 0;
  const file = await open(part, 'w', OWNER_ONLY);
  try {
    const put = async (line: unknown): Promise<void> => {
      const text = `${JSON.stringify(line)}\n`;
      hash.update(text);
      await file.write(text);
    };
    await put(header);
    for await (const line of lines) {
      if ('saga' in line) sagas += 1;
      await put(line);
    }
    await file.write(`${JSON.stringify({ end: { sagas, sha256: hash.digest('hex') } })}\n`);
    for (const destination of imported) await file.write(destinationLine(destination));
    await file.sync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(part, path);
}

/**
 * Notes in a file where it is imported, durable before anything of it is. Throws `input-invalid` where
 * the file cannot be written. Resolves with all that is noted: of two that do so at once the first one
 * in it counts.
 */
export async function noteDestination(
  path: string,
  destination: Destination,
): Promise<readonly Destination[]> {
  try {
    const file = await open(path, 'a');
    try {
      await file.write(destinationLine(destination));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const why = 'it cannot be written, and it is noted in it where its sagas go';
    const message = `${path}: ${why}; let it be written, or give a copy of it`;
    throw new BackstepError('input-invalid', message, { cause });
  }
  return (await checkedFile(path)).imported;
}

/** A file's header and what is noted behind its end, all of it checked. Throws `input-invalid`. */
export async function checkedFile(path: string): Promise<CheckedFile> {
  const lines = linesOf(path);
  const imported: Destination[] = [];
  let header: MoveHeader | null = null;
  const hash = createHash('sha256');
  let sagas = 0;
  let end: { readonly sagas: number; readonly sha256: string } | null = null;
  for await (const text of lines) {
    const line = parsed(path, text);
    if (end !== null) {
      if (!('imported' in line)) throw damaged(path, 'it goes on after its end');
      imported.push(line.imported as Destination);
      continue;
    }
    header ??= headerIn(path, line);
    if ('end' in line) {
      end = line.end as { sagas: number; sha256: string };
      continue;
    }
    if ('saga' in line) sagas += 1;
    hash.update(`${text}\n`);
  }
  if (header === null) throw damaged(path, 'it is empty');
  if (end === null) throw damaged(path, 'its end is missing');
  if (end.sha256 !== hash.digest('hex') || end.sagas !== sagas) {
    throw damaged(path, 'it is not as it was written');
  }
  return { ...header, imported };
}

/** Everything between its header and its end, of a file that was checked. */
export async function* linesIn(path: string): AsyncGenerator<MoveLine, void> {
  let isFirst = true;
  for await (const text of linesOf(path)) {
    const line = parsed(path, text);
    if (!isFirst && ('saga' in line || 'journal' in line)) yield line as MoveLine; // it has the hash that we gave it
    isFirst = false;
  }
}

async function* linesOf(path: string): AsyncGenerator<string, void> {
  if (!existsSync(path)) {
    throw new BackstepError('input-invalid', `${path}: there is no such file; check the path`);
  }
  yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
}

function parsed(path: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // said below
  }
  throw damaged(path, 'a line of it is no JSON');
}

function destinationLine(imported: Destination): string {
  return `${JSON.stringify({ imported })}\n`;
}

function headerIn(path: string, line: object): MoveHeader {
  const format: unknown = Reflect.get(line, 'format');
  if (format === FORMAT) return line as MoveHeader;
  const isOurs = typeof format === 'string' && format.startsWith('backstep-sagas/');
  const why = isOurs
    ? `it has the format ${format}, and this version reads ${FORMAT}`
    : 'it is no file that `backstep export --move` wrote';
  throw new BackstepError('input-invalid', `${path}: ${why}`);
}

function damaged(path: string, why: string): BackstepError {
  const cure = 'order the export again: it writes the same file once more';
  return new BackstepError('input-invalid', `${path}: ${why}; ${cure}`);
}
