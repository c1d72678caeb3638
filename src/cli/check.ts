/**
 * `backstep check`: tells before a deployment what becomes of every saga in flight.
 */
import { shownDatabase } from '../core/database-target.ts';
import { BackstepError } from '../core/errors.ts';
import { redactText } from '../core/secrets/redact.ts';
import {
  type CheckGroup,
  checkVersions,
  type VersionCheck,
} from '../host/versions/version-check.ts';
import type { DatabaseRequest } from './database-request.ts';
import { EXIT_FAILED, EXIT_USAGE } from './exit-codes.ts';
import { counted, sagasText, shareText, withProgress } from './progress.ts';
import { loadSagas } from './saga-modules.ts';

export interface CheckRequest extends DatabaseRequest {
  readonly modules: readonly string[];
  readonly isJson: boolean;
}

/** Gives the exit code. */
export async function check(request: CheckRequest): Promise<number> {
  const { modules, isJson } = request;
  const database = shownDatabase(request.database);
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') return complain(loaded.message, EXIT_USAGE);
  if (loaded.stray !== null) return complain(loaded.stray, EXIT_USAGE);
  try {
    const work = checkVersions(request, loaded.definitions, loaded.migrations, Date.now());
    const told = await withProgress(work, ({ done, total, parked }) =>
      shareText(done, total, `${counted(parked)} would be parked`),
    );
    const found = { ...told, groups: told.groups.map(shown) };
    process.stdout.write(
      isJson ? `${JSON.stringify({ database, ...found }, null, 2)}\n` : checkText(database, found),
    );
    return found.parked > 0 ? EXIT_FAILED : 0;
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    return complain(error.message, error.code === 'definition-invalid' ? EXIT_USAGE : EXIT_FAILED);
  }
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`backstep: ${message}\n`);
  return exitCode;
}

// What a migration threw stands in the reason.
function shown(group: CheckGroup): CheckGroup {
  return { ...group, reason: group.reason === null ? null : redactText(group.reason) };
}

function checkText(database: string, { sagas, parked, leaving, groups }: VersionCheck): string {
  const well = sagas - leaving - parked;
  const verdict =
    sagas === 0
      ? 'no saga is in flight'
      : parked > 0
        ? `${counted(parked)} of ${sagasText(sagas)} in flight would be parked`
        : `${well < sagas ? counted(well) : 'all'} of ${sagasText(sagas)} in flight go on`;
  return [`${database}: ${verdict}`, ...groups.map(groupText), ''].join('\n');
}

function groupText(group: CheckGroup): string {
  const { type, version, sagas, reason, examples } = group;
  const more = sagas > examples.length ? ', ...' : '';
  const why = reason === null ? '' : `: ${reason}`;
  const which = `${counted(sagas)} of ${type}@${version}`;
  return `  ${which} ${outcomeText(group)}${why} (${examples.join(', ')}${more})`;
}

function outcomeText({ outcome, to, reason, version }: CheckGroup): string {
  switch (outcome) {
    case 'goes-on':
      return reason === null ? 'go on' : `stay on version ${version}`;
    case 'edited':
      return 'go on under the edited drawing';
    case 'migrates':
      return `migrate to version ${to}`;
    case 'parked':
      return 'would be parked';
    case 'leaves':
      return 'leave for another database';
  }
}
