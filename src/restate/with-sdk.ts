/** Loads what needs Restate's SDK, which comes with the user's program, and only when it is used. */
import { loadWithPackage } from '../core/missing-package.ts';
import type { Backstep } from '../host/backstep.ts';
import type { RestateOptions } from './face/open-restate.ts';
import type { Worker, WorkerOptions } from './worker.ts';

/**
 * Opens the face of sagas that workers run on Restate: starts, orders, lists, pages and the feed, over
 * a projection in the database given. `register` the same sagas as the workers do, every version that
 * is in flight, before `start`. Throws as `openBackstep` does for the database, and `storage-refused`
 * when the SDK is not installed.
 */
export async function openRestateBackstep(options: RestateOptions): Promise<Backstep> {
  const face = await loadWithSdk(() => import('./face/open-restate.ts'));
  return face.openRestateBackstep(options);
}

/**
 * Serves sagas to Restate, and resolves once it listens; Restate is told of the address apart. Throws
 * `definition-invalid` as `register` does and for what this host cannot run, such as a transactional
 * activity; `storage-refused` when the SDK is not installed.
 */
export async function serveWorker(options: WorkerOptions): Promise<Worker> {
  const worker = await loadWithSdk(() => import('./worker.ts'));
  return worker.serveWorker(options);
}

function loadWithSdk<Module>(load: () => Promise<Module>): Promise<Module> {
  return loadWithPackage(load, { by: 'Restate', name: '@restatedev/restate-sdk' });
}
