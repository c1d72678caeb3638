/**
 * `backstep doctor`: examines a database and tells what is not as it should be.
 */
import { shownDatabase } from '../core/database-target.ts';
import { BackstepError } from '../core/errors.ts';
import { redactText } from '../core/secrets/redact.ts';
import { type Diagnosis, examineDatabase } from '../host/upkeep/doctor.ts';
import type { DatabaseRequest } from './database-request.ts';
import { EXIT_FAILED, EXIT_USAGE } from './exit-codes.ts';
import { counted, shareText, withProgress } from './progress.ts';
import { loadSagas } from './saga-modules.ts';

export interface DoctorRequest extends DatabaseRequest {
  readonly modules: readonly string[];
  readonly isJson: boolean;
}

/** Gives the exit code. */
export async function doctor(request: DoctorRequest): Promise<number> {
  const { modules, isJson } = request;
  const database = shownDatabase(request.database);
  const loaded = await loadSagas(modules);
  const mistake = loaded.kind === 'mistake' ? loaded.message : loaded.stray;
  if (loaded.kind === 'mistake' || mistake !== null) {
    process.stderr.write(`backstep: ${mistake}\n`);
    return EXIT_USAGE;
  }
  try {
    const work = examineDatabase(request, loaded.definitions, loaded.migrations);
    const found = await withProgress(work, ({ done, total, findings }) =>
      shareText(done, total, `${counted(findings)} found`),
    );
    const diagnosis = shownDiagnosis(found);
    process.stdout.write(
      isJson
        ? `${JSON.stringify({ database, ...diagnosis }, null, 2)}\n`
        : diagnosisText(database, diagnosis),
    );
    return diagnosis.findings.some(({ severity }) => severity === 'error') ? EXIT_FAILED : 0;
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    process.stderr.write(`backstep: ${error.message}\n`);
    return EXIT_FAILED;
  }
}

/** A diagnosis as people may see it: what a machine threw, or a row holds, stands in the words. */
export function shownDiagnosis(found: Diagnosis): Diagnosis {
  return { ...found, findings: found.findings.map(shown) };
}

function shown(finding: Diagnosis['findings'][number]): Diagnosis['findings'][number] {
  return { ...finding, message: redactText(finding.message) };
}

/** The same as lines. */
export function diagnosisText(database: string, diagnosis: Diagnosis): string {
  const { sagas, examined: count, turns, findings, moreFindings, unknown } = diagnosis;
  const found = findings.length + moreFindings;
  const verdict = found === 0 ? 'nothing found' : `${counted(found)} found`;
  return [
    `${database}: ${verdict} in ${counted(count)} of ${counted(sagas)} sagas, ` +
      `${counted(turns)} turns replayed`,
    ...findings.map(({ severity, kind, sagaId, message }) => {
      const whose = sagaId === null ? '' : `saga ${sagaId}: `;
      return `  ${severity} ${kind}: ${whose}${message}`;
    }),
    ...(diagnosis.areFilesChecked
      ? []
      : ['  the files of the database were not checked: its server has no amcheck for this role']),
    ...(moreFindings === 0 ? [] : [`  and ${counted(moreFindings)} more`]),
    ...Object.entries(unknown).map(
      ([name, number]) =>
        `  not examined: ${counted(number)} sagas of ${name}; name the module that defines it`,
    ),
    '',
  ].join('\n');
}
