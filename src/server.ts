/**
 * The dashboard, the API and the live feed of an engine: mounted in an HTTP server of your own, or
 * alone on a port.
 */
import './node-guard.js';

export type { Answer, Operation } from './server/api/operation.ts';
export type { Authorize } from './server/access/security.ts';
export {
  type BackstepServer,
  createServer,
  type ServerOptions,
  type UpgradingServer,
} from './server/create-server.ts';
export type { Html } from './server/dashboard/frame/html.ts';
export type { Invariant } from './server/dashboard/services/invariants.ts';
export type { Cell, Figure, Panel, PanelContent } from './server/dashboard/services/panel.ts';
export type { Fact } from './server/environment.ts';
export type { Extension, ExtensionHost, ExtensionSource } from './server/extension.ts';
export type { HttpEnv, HttpLogger, ServerBindings } from './server/http-env.ts';
export { region, type Region, type RegionGroup } from './server/live/page-region.ts';
export type { Page, PageAddress, PageLookup, PageView, Place } from './server/page.ts';
export type { ListenOptions, RunningServer, Timeouts } from './server/listening-server.ts';
export { serveBackstep, type ServedBackstep, type ServeOptions } from './server/serve-backstep.ts';
