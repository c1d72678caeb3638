/**
 * Worker threads: where their files are, and what they take along of how the process was started.
 *
 * Runs from the repository (`.ts`) and from the published build (`.js`) alike.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Starts worker `name`, whose file is beside the module whose `import.meta.url` is given. */
export function startWorker(name: string, moduleUrl: string, workerData?: unknown): Worker {
  return new Worker(threadFile(name, moduleUrl), { workerData, ...threadOptions() });
}

/** The file of worker `name`, see `startWorker`. */
export function threadFile(name: string, moduleUrl: string): URL {
  return new URL(`./${name}${extname(new URL(moduleUrl).pathname)}`, moduleUrl);
}

/** How a thread is started. */
export function threadOptions(): { readonly execArgv?: string[] } {
  // A thread inherits the arguments of the process, and `--input-type` refuses every file.
  const isEvaluated = process.execArgv.some((argument) => argument.startsWith('--input-type'));
  return isEvaluated ? { execArgv: [] } : {};
}
