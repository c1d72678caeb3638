/**
 * Where a worker thread's file is: beside its caller, with the caller's own extension.
 *
 * Runs from the repository (`.ts`) and from the published build (`.js`) alike.
 */
import { extname } from 'node:path';

/** The file of worker `name`, for the module whose `import.meta.url` is given. */
export function workerUrl(name: string, moduleUrl: string): URL {
  return new URL(`./${name}${extname(new URL(moduleUrl).pathname)}`, moduleUrl);
}
