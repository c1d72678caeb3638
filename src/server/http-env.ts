/**
 * What every Hono app here has in common: its environment, and the log that its routes write to.
 */

/** The part of a pino logger that is used here. */
export interface HttpLogger {
  error(fields: object, message: string): void;
}

/** What the process around the app adds to each request. */
export interface ServerBindings {
  /** Aborted when the server closes, so that endless answers end. */
  readonly stopping?: AbortSignal;
  /** The request as Node knows it; not there in tests without a server. */
  readonly incoming?: {
    readonly socket: { readonly remoteAddress?: string | undefined; destroy?(): unknown };
  };
}

/** The environment of every Hono app here. */
export interface HttpEnv {
  Bindings: ServerBindings;
  Variables: {
    /** Who logged in, by their own words; empty when nobody did or said. */
    operator: string;
    /** The cookie of the session that lets the request in; empty: something else does. */
    session: string;
    /** Which client a bound is for; see `client-address.ts`. */
    client: string;
  };
}
