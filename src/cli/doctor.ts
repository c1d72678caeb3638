/**
 * `backstep doctor`: examines a database and tells what is not as it should be.
 */
import { BackstepError } from '../core/errors.ts';
import { type Diagnosis, type DoctorProgress, examineDatabase } from '../runtime/doctor.ts';
import { EXIT_FAILED, EXIT_USAGE } from './exit-codes.ts';
import { loadSagas } from './saga-modules.ts';

export interface DoctorRequest {
  readonly modules: readonly string[];
  readonly database: string;
  readonly isJson: boolean;
}

/** How often progress is shown on a terminal. */
const PROGRESS_EVERY_MS = 200;

/** Gives the exit code. */
export async function doctor({ modules, database, isJson }: DoctorRequest): Promise<number> {
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') {
    process.stderr.write(`backstep: ${loaded.message}\n`);
    return EXIT_USAGE;
  }
  try {
    const diagnosis = examined(database, loaded.definitions);
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

function examined(...given: Parameters<typeof examineDatabase>): Diagnosis {
  const isTold = process.stderr.isTTY;
  const work = examineDatabase(...given);
  let toldMs = 0;
  for (;;) {
    const step = work.next();
    if (step.done === true) {
      if (isTold) process.stderr.write('\r\x1b[K');
      return step.value;
    }
    if (!isTold || Date.now() - toldMs < PROGRESS_EVERY_MS) continue;
    toldMs = Date.now();
    process.stderr.write(`\r${progressText(step.value)}\x1b[K`);
  }
}

function progressText({ done, total, findings }: DoctorProgress): string {
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  return `${counted(done)} of ${counted(total)} sagas (${share}%), ${counted(findings)} found`;
}

function diagnosisText(database: string, diagnosis: Diagnosis): string {
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
    ...(moreFindings === 0 ? [] : [`  and ${counted(moreFindings)} more`]),
    ...Object.entries(unknown).map(
      ([name, number]) =>
        `  not examined: ${counted(number)} sagas of ${name}; name the module that defines it`,
    ),
    '',
  ].join('\n');
}

function counted(count: number): string {
  return count.toLocaleString('en');
}
