/**
 * The port through which a program adds to the server: routes, pages, panels, statements that must
 * hold, a banner. What the demo adds goes through it too.
 *
 * Secrets are hidden in what `panels` and `invariants` read; whatever else an extension shows it
 * hides itself, with `redact` of the `backstep` that it is given.
 */
import type { Hono } from 'hono';
import type { Backstep } from '../host/backstep.ts';
import type { Operation } from './api/operation.ts';
import type { Html } from './dashboard/frame/html.ts';
import type { Invariant } from './dashboard/services/invariants.ts';
import type { Panel } from './dashboard/services/panel.ts';
import type { HttpEnv, HttpLogger } from './http-env.ts';
import type { Page } from './page.ts';

/** What an extension adds; everything but its name may be left out. */
export interface Extension {
  /** For the log. */
  readonly name: string;
  /** Routes with whole paths, behind the same guard as all others. */
  readonly routes?: Hono<HttpEnv>;
  readonly pages?: readonly Page[];
  /** Tables on the page of services. */
  readonly panels?: readonly Panel[];
  /** CSS of what it shows, in the stylesheet of every page, behind the server's own rules. */
  readonly styles?: string;
  /** The `routes` in the OpenAPI document. */
  readonly operations?: readonly Operation[];
  /** Statements about the whole system, shown on the overview. May be slow. */
  invariants?(): Promise<readonly Invariant[]>;
  /** In the head of the overview, such as a form that starts sagas. */
  overview?(): Html;
  /** On top of every page while it is not `null`; asked at every update, so it must be quick. */
  banner?(): Html | null;
  /** Whether something is disturbed on purpose, which the page of performance marks. */
  isDisturbed?(): boolean;
  /** Called once, when the server begins. */
  start?(): void;
  /** Called once, when the server ends. */
  stop?(): Promise<void>;
}

/** What an extension may use of the server. */
export interface ExtensionHost {
  /** Tells everything with its secrets hidden. */
  readonly backstep: Backstep;
  /** True: nothing can be changed from outside, so pages offer no command. */
  readonly isReadOnly: boolean;
  readonly logger: HttpLogger;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Says that something changed that pages show and no transition tells. Costs nothing. */
  touch(): void;
}

/** An extension, or what makes one of the server that it belongs to. */
export type ExtensionSource = Extension | ((host: ExtensionHost) => Extension);
