/**
 * Worker threads: where their files are, and what they take along of how the process was started.
 *
 * Runs from the repository (`.ts`) and from the published build (`.js`) alike.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Starts worker `name`, whose file is beside the module whose `import.meta.url` is given. */
export function startWorker(name: string, moduleUrl: string, workerData?: unknown): Worker {
  const file = new URL(`./${name}${extname(new URL(moduleUrl).pathname)}`, moduleUrl);
  // A thread inherits the arguments of the process, and `--input-type` refuses every file.
  const isEvaluated = process.execArgv.some((argument) => argument.startsWith('--input-type'));
  return new Worker(file, { workerData, ...(isEvaluated ? { execArgv: [] } : {}) });
}
