/**
 * Examines a whole database: the file, every saga that has a definition here, and what hangs off
 * no saga. Changes nothing.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { BackstepError } from '../../core/errors.ts';
import { toFailure } from '../../core/failure.ts';
import { visibleText } from '../../core/visible-text.ts';
import type { SagaAsStored } from '../../store/as-stored.ts';
import type { SagasTable } from '../../store/schema.ts';
import type { StoredSagas } from '../../store/as-stored.ts';
import { openStoredSagas, type StoredDatabase } from '../../store/stored-sagas.ts';
import { examineSaga, type FlawKind } from './examination.ts';
import type { Registry } from '../registry.ts';
import { type MigrationsOf, registryOf } from '../versions/version-check.ts';
import { standingOf } from '../versions/version-standing.ts';
import { wholeText } from './whole-text.ts';

/** Something that is not as it should be. */
export interface DoctorFinding {
  /** `error`: what is stored is not what the journal gives. `warning`: nothing is wrong with it yet. */
  readonly severity: 'error' | 'warning';
  /** `file`: what the database says of its files. `version`: it cannot go on under the versions given. */
  readonly kind: FlawKind | 'file' | 'orphan' | 'edited-definition' | 'version';
  /** The public id; `null` where it is about no saga. */
  readonly sagaId: string | null;
  readonly message: string;
}

/** What an examination found. */
export interface Diagnosis {
  /** Sagas in the database. */
  readonly sagas: number;
  /** Sagas that were replayed and compared. */
  readonly examined: number;
  /** Journal records replayed. */
  readonly turns: number;
  /** Whether the database could check its own files; a server may have no means to. */
  readonly areFilesChecked: boolean;
  readonly findings: readonly DoctorFinding[];
  /** Findings beyond the bound, which are only counted. */
  readonly moreFindings: number;
  /** Sagas that could not be examined because no module given defines them, by `type@version`. */
  readonly unknown: Readonly<Record<string, number>>;
}

/** How far an examination is. */
export interface DoctorProgress {
  readonly done: number;
  readonly total: number;
  readonly findings: number;
}

/** Findings told one by one; the rest are counted. */
export const MAX_FINDINGS = 1_000;

/**
 * Examines a database; may run beside a living engine. `migrations`: those by which sagas of earlier
 * versions are to go on. Yields after each saga. Throws as `openStoredSagas`.
 */
export async function* examineDatabase(
  database: StoredDatabase,
  definitions: Iterable<SagaDefinition>,
  migrations: MigrationsOf = new Map(),
): AsyncGenerator<DoctorProgress, Diagnosis> {
  const stored = await openStoredSagas(database);
  try {
    return yield* new Examination(stored, definitions, migrations).run();
  } finally {
    await stored.close();
  }
}

class Examination {
  readonly #stored: StoredSagas;
  readonly #definitions = new Map<string, SagaDefinition>();
  readonly #findings: DoctorFinding[] = [];
  readonly #unknown: Record<string, number> = {};
  readonly #edited = new Set<string>();
  readonly #registry: Registry;
  #areFilesChecked = false;
  #found = 0;
  #done = 0;
  #examined = 0;
  #turns = 0;

  constructor(
    stored: StoredSagas,
    definitions: Iterable<SagaDefinition>,
    migrations: MigrationsOf,
  ) {
    this.#stored = stored;
    for (const definition of definitions) this.#know(definition);
    this.#registry = registryOf(this.#definitions.values(), migrations);
  }

  async *run(): AsyncGenerator<DoctorProgress, Diagnosis> {
    try {
      yield* this.#all();
    } catch (error) {
      // A page that cannot be read ends the examination; what was found so far stands.
      const why = `cannot be read on: ${toFailure(error).message}; restore it from a backup`;
      this.#find({ severity: 'error', kind: 'file', sagaId: null, message: why });
    }
    return {
      sagas: this.#done,
      examined: this.#examined,
      turns: this.#turns,
      areFilesChecked: this.#areFilesChecked,
      findings: this.#findings,
      moreFindings: this.#found - this.#findings.length,
      unknown: this.#unknown,
    };
  }

  async *#all(): AsyncGenerator<DoctorProgress, void> {
    const ofFiles = await this.#stored.fileFlaws();
    this.#areFilesChecked = ofFiles !== null;
    for (const message of ofFiles ?? []) {
      this.#find({ severity: 'error', kind: 'file', sagaId: null, message });
    }
    for (const [table, count] of Object.entries(await this.#stored.orphans())) {
      if (count === 0) continue;
      const message = `${count} rows of ${table} belong to sagas that are not there`;
      this.#find({ severity: 'error', kind: 'orphan', sagaId: null, message });
    }
    const total = await this.#stored.count();
    for await (const saga of this.#stored.sagas()) {
      this.#done += 1;
      const definition = this.#definitionOf(saga.row);
      if (definition !== null) {
        const { flaws, turns } = examineSaga(definition, saga, (version) =>
          this.#definitions.get(nameOf(definition.id, version)),
        );
        for (const flaw of flaws) this.#find({ severity: 'error', sagaId: saga.row.id, ...flaw });
        this.#examined += 1;
        this.#turns += turns;
      }
      this.#judgeVersion(saga);
      yield { done: this.#done, total, findings: this.#found };
    }
  }

  // Child sagas run under definitions that only their parents name.
  #know(definition: SagaDefinition): void {
    const name = nameOf(definition.id, definition.version);
    if (this.#definitions.has(name)) return;
    this.#definitions.set(name, definition);
    for (const child of Object.values(definition.children)) this.#know(child);
  }

  #definitionOf({ type, version, definition_hash: hash }: SagasTable): SagaDefinition | null {
    const name = nameOf(type, version);
    const definition = this.#definitions.get(name);
    if (definition === undefined) {
      const shown = visibleText(name);
      this.#unknown[shown] = (this.#unknown[shown] ?? 0) + 1;
      return null;
    }
    if (definition.hash !== hash && !this.#edited.has(hash)) {
      this.#edited.add(hash);
      const message =
        `${name} was edited since sagas of it started, without a new version; ` +
        'their journals are replayed through the present drawing';
      this.#find({ severity: 'warning', kind: 'edited-definition', sagaId: null, message });
    }
    return definition;
  }

  // A type that none of the given modules defines may be registered by another program.
  #judgeVersion(saga: SagaAsStored): void {
    const { id: sagaId, type, ended_at: endedAt, definition_hash: definitionHash } = saga.row;
    if (endedAt !== null || !this.#registry.knows(type)) return;
    try {
      const stored = { ...saga.row, definitionHash, state: wholeText(saga) };
      const standing = standingOf(this.#registry, stored, Date.now());
      if (standing.kind !== 'refused') return;
      const { message } = standing.error;
      this.#find({ severity: 'error', kind: 'version', sagaId, message });
    } catch (error) {
      if (!(error instanceof BackstepError)) throw error; // a damaged text was told already
    }
  }

  /** What stands in a row that was edited must not steer the terminal of whoever reads of it. */
  #find({ sagaId, message, ...finding }: DoctorFinding): void {
    this.#found += 1;
    if (this.#findings.length >= MAX_FINDINGS) return;
    const shownId = sagaId === null ? null : visibleText(sagaId);
    this.#findings.push({ ...finding, sagaId: shownId, message: visibleText(message) });
  }
}

function nameOf(type: string, version: number): string {
  return `${type}@${version}`;
}
