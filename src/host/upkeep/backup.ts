/**
 * Backups of a database file while it is in use, and the way back. What is copied is of one moment:
 * sagas, and the tables of participants beside them.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { DatabaseAddress } from '../../core/database-target.ts';
import { BackstepError } from '../../core/errors.ts';
import type { MigrationsOf } from '../versions/version-check.ts';
import { type Diagnosis, examineDatabase } from './doctor.ts';
import { DEFAULT_LOCK_WAIT_MS, fileOf } from './file-only.ts';

/** How far it is: pages of the file that are copied, or sagas that are examined. */
export interface BackupProgress {
  readonly phase: 'copying' | 'examining';
  readonly done: number;
  readonly total: number;
}

/** What a copy is looked at with. */
export interface ExaminedWith {
  /**
   * Definitions of the sagas in it: the journals of those are replayed and compared. Default: none;
   * then the file alone is examined.
   */
  readonly definitions?: Iterable<SagaDefinition>;
  /** By definition, as `register` is given them: how sagas of earlier versions go on. */
  readonly migrations?: MigrationsOf;
  readonly onProgress?: (progress: BackupProgress) => void;
}

export interface BackupOptions extends ExaminedWith {
  /** A database file, in use or not. */
  readonly database: DatabaseAddress;
  /** The file to be written; it must not be there. */
  readonly to: string;
  /** Milliseconds since 1970. Default: now. */
  readonly nowMs?: number;
}

export interface RestoreOptions extends ExaminedWith {
  /** A backup. */
  readonly from: string;
  /** The database file to be made, in use by nobody. */
  readonly database: DatabaseAddress;
  /** Replaces a database that is there; what it holds is lost. Default false. */
  readonly force?: boolean;
  /** Takes a backup that the doctor has found something wrong with. Default false. */
  readonly withFindings?: boolean;
  /** How long to wait for the owner of the database to leave. Default 1,000. */
  readonly lockWaitMs?: number;
}

/** What was made, and what the doctor found in it. */
export interface CopiedDatabase {
  readonly path: string;
  readonly bytes: number;
  readonly diagnosis: Diagnosis;
}

/**
 * Writes a backup, and examines it before it is called one. Throws `storage-refused`, with the
 * cure: no such database, the file is there, the copy is damaged; `input-invalid`: not a file.
 */
export async function backupDatabase(options: BackupOptions): Promise<CopiedDatabase> {
  const { to, nowMs = Date.now() } = options;
  const from = fileOf(options.database, 'back up', 'pg_dump, or with its archive of WAL');
  const { backUpFile } = await import('../../store/sqlite/backup/backup-file.ts');
  const { work, found } = examining(options, true);
  const bytes = await backUpFile(from, to, nowMs, work);
  return { path: to, bytes, diagnosis: found() };
}

/**
 * Puts a backup in the place of a database. Its sagas go on from where they stood in it: whoever
 * opens it next begins a new generation, which health tells, and the feed by its cursors. Throws
 * `storage-refused`, with the cure, and leaves the database as it was: it is in use, is there without
 * `force`, the backup is damaged, or the doctor found an error in it; `input-invalid`: not a file.
 */
export async function restoreDatabase(options: RestoreOptions): Promise<CopiedDatabase> {
  const { from, force = false, withFindings = false } = options;
  const { lockWaitMs = DEFAULT_LOCK_WAIT_MS } = options;
  const to = fileOf(options.database, 'restore', 'pg_restore, or to a point in time');
  const { restoreFile } = await import('../../store/sqlite/backup/restore-file.ts');
  const { work, found } = examining(options, withFindings);
  const bytes = await restoreFile({ from, to, isForced: force, lockWaitMs }, work);
  return { path: to, bytes, diagnosis: found() };
}

function examining(
  { definitions = [], migrations = new Map(), onProgress = () => {} }: ExaminedWith,
  isTakenAnyway: boolean,
) {
  let diagnosis: Diagnosis | null = null;
  async function examine(path: string): Promise<void> {
    diagnosis = await examined(path);
    const error = diagnosis.findings.find(({ severity }) => severity === 'error');
    if (error === undefined || isTakenAnyway) return;
    const whose = error.sagaId === null ? '' : `saga ${error.sagaId}: `;
    const message =
      `the doctor finds errors in the backup, the first: ${whose}${error.message}; ` +
      'nothing was changed; take another backup, or --with-findings takes this one';
    throw new BackstepError('storage-refused', message);
  }
  async function examined(path: string): Promise<Diagnosis> {
    const steps = examineDatabase({ database: path }, definitions, migrations);
    for (;;) {
      const step = await steps.next();
      if (step.done === true) return step.value;
      onProgress({ phase: 'examining', done: step.value.done, total: step.value.total });
    }
  }
  return {
    work: {
      examine,
      onProgress: ({ pages, of }: { readonly pages: number; readonly of: number }) =>
        onProgress({ phase: 'copying', done: pages, total: of }),
    },
    found(): Diagnosis {
      if (diagnosis === null) throw new Error('a copy took its place that nobody looked at');
      return diagnosis;
    },
  };
}
