/**
 * Puts sagas of a file into a database, where the next engine takes them up as after a restart: with
 * the keys, timers, journals and messages that they had.
 *
 * Crash points: a family comes with one commit, and with it the note that it came by this move, so
 * that the same file may be imported again and brings what is missing. Invariant: the whole file is
 * checked, against the definitions and the database, before any of it is written.
 */
import { crc32 } from 'node:zlib';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError, type ErrorCode } from '../../core/errors.ts';
import { STORED_FORMAT } from '../../core/history/stored-format.ts';
import { outboxId } from '../../store/outbox-id.ts';
import { type Arriving, arrivalStatements, CAME_BACK } from '../../store/queries/moves.ts';
import type { SagaAsStored } from '../../store/as-stored.ts';
import type { JournalTable, MovedSagasTable, SagasTable } from '../../store/schema.ts';
import { type MigrationsOf, registryOf } from '../versions/version-check.ts';
import { wholeText } from '../upkeep/whole-text.ts';
import { standingOf } from '../versions/version-standing.ts';
import type { Registry } from '../registry.ts';
import { type MoveProgress, rootOf } from './export-sagas.ts';
import { assertNotElsewhere, noteHere } from './destinations.ts';
import { eachAtOnce } from './each-at-once.ts';
import { checkedFile, linesIn, type MovedSaga, type MoveHeader } from './move-file.ts';
import { type MoveDatabase, type OwnedStore, withOwnedStore } from './owned-store.ts';

export interface ImportOptions extends MoveDatabase {
  /** The file that `exportSagas` wrote. */
  readonly from: string;
  /** What will be registered here. A saga of a version that is not among them is refused. */
  readonly definitions: Iterable<SagaDefinition>;
  /** By definition, as `register` is given them. */
  readonly migrations?: MigrationsOf;
  /** Only checks. Default false. */
  readonly dryRun?: boolean;
  /** Although the file says that another database has its sagas, which is gone. Default false. */
  readonly force?: boolean;
  readonly onProgress?: (progress: MoveProgress) => void;
}

export interface ImportedSagas {
  readonly move: string;
  /** Sagas that came, or would come. */
  readonly imported: number;
  /** Sagas that an earlier import of the same file had brought. */
  readonly alreadyHere: number;
}

/** Refusals that are told one by one. */
const MAX_TOLD = 10;
/** Families written at once. */
const AT_ONCE = 16;

/** See moving.ts. */
export async function importSagas(options: ImportOptions): Promise<ImportedSagas> {
  const { from, definitions, migrations = new Map(), dryRun = false } = options;
  const header = await checkedFile(from);
  const registry = registryOf(definitions, migrations);
  await assertRunnable(from, registry);
  return withOwnedStore(options, { isMade: true, isTrial: dryRun }, async (owned) => {
    const { missing, here } = await assertRoom(owned, options, header);
    const { move } = header;
    const isNoted = assertNotElsewhere(owned, options, header.imported, here);
    const result = { move, imported: missing.size, alreadyHere: here };
    if (dryRun) return result;
    if (!isNoted && missing.size > 0) await noteHere(owned, options, here);
    const counts = new Numbers(owned, header);
    // One after the other: the numbers that they are given stand in the order of the file.
    async function* families(): AsyncGenerator<Arriving, void> {
      for await (const family of familiesIn(from)) {
        if (!missing.has(family[0]?.saga.id ?? '')) continue;
        yield await arriving(owned, family, header, counts);
      }
    }
    let done = 0;
    await eachAtOnce(families(), AT_ONCE, async (family) => {
      await write(owned, family);
      done += family.sagas.length;
      options.onProgress?.({ phase: 'arriving', done, total: missing.size });
    });
    // What was under way there when that process died may have had its effect.
    if (!header.wasLeftClean) owned.cameUnclean();
    return result;
  });
}

/** A saga of a file, with its journal. */
export interface Whole extends MovedSaga {
  readonly journal: readonly JournalTable[];
}

/** The sagas of a file, each family at once. */
export async function* familiesIn(path: string): AsyncGenerator<readonly Whole[], void> {
  let family: (MovedSaga & { journal: JournalTable[] })[] = [];
  for await (const line of linesIn(path)) {
    if (!('saga' in line)) {
      family.at(-1)?.journal.push(...line.journal);
      continue;
    }
    const [first] = family;
    if (first !== undefined && rootOf(first.saga.id) !== rootOf(line.saga.id)) {
      yield family;
      family = [];
    }
    family.push({ ...line, journal: [] });
  }
  if (family.length > 0) yield family;
}

async function assertRunnable(path: string, registry: Registry): Promise<void> {
  const refusals: string[] = [];
  for await (const saga of sagasIn(path)) {
    const why = whyNotRunnable(registry, saga);
    if (why !== null) refusals.push(`saga ${saga.row.id}: ${why}`);
  }
  refuseAll('version-missing', path, refusals);
}

type WithResults = Pick<SagaAsStored, 'row' | 'journal'>;

/** The sagas of a file, each with the lines of its journal that brought results. */
async function* sagasIn(path: string): AsyncGenerator<WithResults> {
  let saga: { readonly row: SagasTable; readonly journal: JournalTable[] } | null = null;
  for await (const line of linesIn(path)) {
    if ('saga' in line) {
      if (saga !== null) yield saga;
      saga = { row: line.saga, journal: [] };
    } else {
      saga?.journal.push(...line.journal.filter(({ cause }) => cause === 'result'));
    }
  }
  if (saga !== null) yield saga;
}

function whyNotRunnable(registry: Registry, saga: WithResults): string | null {
  const { row } = saga;
  if (row.format > STORED_FORMAT) return 'a newer version of Backstep wrote it';
  if (crc32(row.state) !== row.checksum) return null; // it was parked for that, and stays so
  if (row.ended_at !== null) return null; // nothing of it runs
  const stored = { ...row, definitionHash: row.definition_hash, state: wholeText(saga) };
  try {
    const standing = standingOf(registry, stored, Date.now());
    return standing.kind === 'refused' ? standing.error.message : null;
  } catch (error) {
    if (error instanceof BackstepError && error.code === 'state-unreadable') return null;
    throw error;
  }
}

/** Which sagas are missing here, and how many are not. Throws where one cannot come. */
async function assertRoom(
  { reads, store }: OwnedStore,
  { from, onProgress }: ImportOptions,
  { move }: MoveHeader,
): Promise<{ readonly missing: ReadonlySet<string>; readonly here: number }> {
  const missing = new Set<string>();
  const refusals: string[] = [];
  let here = 0;
  for await (const line of linesIn(from)) {
    if (!('saga' in line)) continue;
    onProgress?.({ phase: 'checking', done: missing.size + here, total: 0 });
    const { id, type, key } = line.saga;
    const known = await reads.ofSaga(id);
    const own = known.find((row) => row.move === move);
    if (own !== undefined && own.phase !== 'here') {
      const isBack = own.phase === 'gone' && own.sid === CAME_BACK;
      const why = isBack ? 'it came back here since' : 'this is the database that it leaves';
      refusals.push(`saga ${id}: ${why}`);
    } else if (own !== undefined) {
      here += 1;
    } else {
      const why = await whyNoRoom({ store }, { id, type, key }, known);
      if (why === null) missing.add(id);
      else refusals.push(`saga ${id}: ${why}`);
    }
  }
  refuseAll('conflict', from, refusals);
  return { missing, here };
}

async function whyNoRoom(
  { store }: Pick<OwnedStore, 'store'>,
  { id, type, key }: Pick<SagasTable, 'id' | 'type' | 'key'>,
  known: readonly MovedSagasTable[],
): Promise<string | null> {
  const sid = await store.sidOf(id);
  if (sid !== null && !known.some((row) => row.phase === 'gone' && row.sid === sid)) {
    return 'it is here already, and did not come by this file';
  }
  const start = key === null ? null : await store.findStartKey(type, key);
  if (start === null || start.sagaId === id) return null;
  return `its start key "${key}" started saga ${start.sagaId} here`;
}

/** Throws where anything of the file cannot come, and tells a few. */
export function refuseAll(code: ErrorCode, path: string, refusals: readonly string[]): void {
  if (refusals.length === 0) return;
  const told = refusals.slice(0, MAX_TOLD).join('; ');
  const more = refusals.length > MAX_TOLD ? `; and ${refusals.length - MAX_TOLD} more` : '';
  throw new BackstepError(code, `${path}: nothing was imported: ${told}${more}`);
}

/** The internal ids and seqs that what comes is given, each greater than any in either database. */
class Numbers {
  #lastSid: number;
  #lastSeq: number;

  constructor({ ownership }: OwnedStore, { lastSeq }: MoveHeader) {
    this.#lastSid = ownership.lastSid;
    // Ids of messages are made of seqs, and sagas know those they had from where they were.
    this.#lastSeq = Math.max(ownership.lastSeq, lastSeq);
  }

  nextSid = (): number => ++this.#lastSid;
  nextSeq = (): number => ++this.#lastSeq;
}

/** A family with the numbers that it has here. */
async function arriving(
  { reads }: OwnedStore,
  family: readonly Whole[],
  { move, from }: MoveHeader,
  numbers: Numbers,
): Promise<Arriving> {
  const sids = new Map(
    family
      .map(({ saga }) => saga.sid)
      .toSorted((one, other) => one - other)
      .map((sid) => [sid, numbers.nextSid()]),
  );
  const sidOf = (sid: number): number => sids.get(sid) ?? 0;
  const seqs = new Map<number, number>();
  const journal = family
    .flatMap((each) => each.journal)
    .toSorted((one, other) => one.seq - other.seq)
    .map((line) => {
      const seq = numbers.nextSeq();
      seqs.set(line.seq, seq);
      return { ...line, seq, sid: sidOf(line.sid) };
    });
  const seqOf = new Map(journal.map((line) => [`${line.sid}/${line.saga_seq}`, line.seq]));
  const left: number[] = [];
  for (const { saga } of family) {
    const known = await reads.ofSaga(saga.id);
    left.push(...known.filter(({ phase }) => phase === 'gone').map(({ sid }) => sid));
  }
  return {
    left,
    journal,
    sagas: family.map(({ saga }) => ({ ...saga, sid: sidOf(saga.sid) })),
    startKeys: family.flatMap(({ parts: { startKey } }) => (startKey === null ? [] : [startKey])),
    pendingStarts: family.flatMap(({ parts: { pendingStart } }) => {
      if (pendingStart === null) return [];
      const { position, sid } = pendingStart;
      const queued = position === null ? null : (seqs.get(position) ?? numbers.nextSeq());
      return [{ ...pendingStart, sid: sidOf(sid), position: queued }];
    }),
    letters: family.flatMap(({ parts: { letters } }) =>
      letters.map(({ id: _, ...letter }) => ({ ...letter, sid: sidOf(letter.sid) })),
    ),
    audit: family.flatMap(({ parts: { audit } }) =>
      audit.map(({ id: _, ...entry }) => ({ ...entry, sid: sidOf(entry.sid) })),
    ),
    messages: family.flatMap(({ parts: { messages } }) =>
      messages.map((message) => {
        const sid = sidOf(message.sid);
        const seq = seqOf.get(`${sid}/${message.saga_seq}`) ?? numbers.nextSeq();
        const { id, position, known_as: knownAs } = message;
        return { ...message, sid, id: outboxId(seq, position), known_as: knownAs ?? id };
      }),
    ),
    moved: family.map(({ saga: { id, sid } }) => ({
      saga_id: id,
      move,
      phase: 'here',
      place: from,
      at: Date.now(),
      sid: sidOf(sid),
      standing: null,
    })),
  };
}

async function write({ store, name }: OwnedStore, family: Arriving): Promise<void> {
  const outcome = await store.write(arrivalStatements(store.tables(), family));
  if (outcome.kind === 'committed') return;
  const id = family.sagas[0]?.id ?? '';
  const why = `saga ${id} could not be imported: ${outcome.message}`;
  throw new BackstepError('conflict', `${name}: ${why}; import the file again when that is mended`);
}
