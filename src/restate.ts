/**
 * Sagas on Restate, over many machines: workers that run them, and the face that starts, shows and
 * orders them. Needs the package `@restatedev/restate-sdk`, which is loaded when one is opened.
 */
import './node-guard.js';

export { detached } from './restate/detached.ts';
export type { RestateOptions } from './restate/face/open-restate.ts';
export type { ListenAt } from './restate/face/restate-engine.ts';
export {
  exportFromRestate,
  finishMoveOnRestate,
  importToRestate,
  takeBackMoveOnRestate,
} from './restate/face/moves/moving.ts';
export type {
  RestateAt,
  RestateCloseOptions,
  RestateExportOptions,
  RestateImportOptions,
} from './restate/face/moves/moving.ts';
export { openRestateBackstep, serveWorker } from './restate/with-sdk.ts';
export type { InlineAttemptOptions, Worker, WorkerOptions } from './restate/worker.ts';
export type { MetricsAt } from './host/telemetry/serve-metrics.ts';
