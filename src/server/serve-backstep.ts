/**
 * The server alone on a port of its own.
 */
import { check } from '../core/options-reader.ts';
import {
  type BackstepServer,
  createServer,
  isOwnName,
  type ServerOptions,
} from './create-server.ts';
import { type ListenOptions, type RunningServer, startServer } from './listening-server.ts';
import { SERVE_OPTIONS } from './server-option-kinds.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 3_000;

/** What `serveBackstep` takes. */
export interface ServeOptions extends ServerOptions, Partial<ListenOptions> {
  /**
   * The address to listen on; one that others can reach needs a `token` or `authorize`, and is
   * served under its own name too. Default `127.0.0.1`.
   */
  readonly host?: string;
  /** 0: any free port. Default 3000. */
  readonly port?: number;
}

/** A server that listens. */
export interface ServedBackstep extends RunningServer, Pick<BackstepServer, 'stop'> {
  /** Lets answers under way end and closes live clients. Idempotent. */
  close(): Promise<void>;
  /** Closes, and ends extensions. To be called before the engine is stopped. */
  stop(): Promise<void>;
}

/**
 * Resolves once it listens; the engine may be started before or after. Throws `input-invalid` for
 * what it does not take, and `unavailable` when the address is taken or may not be used.
 */
export async function serveBackstep(options: ServeOptions): Promise<ServedBackstep> {
  check(options, SERVE_OPTIONS, 'serveBackstep', 'input-invalid');
  const {
    host = DEFAULT_HOST,
    port = DEFAULT_PORT,
    timeouts,
    connectionsPerAddress,
    ...rest
  } = options;
  const own = host.includes(':') ? `[${host}]` : host;
  const named = isOwnName(host) ? [] : [own];
  const server = createServer({ ...rest, allowedHosts: [...(rest.allowedHosts ?? []), ...named] });
  const listening = {
    host,
    port,
    trustedProxies: rest.trustedProxies ?? [],
    ...(timeouts === undefined ? {} : { timeouts }),
    ...(connectionsPerAddress === undefined ? {} : { connectionsPerAddress }),
  };
  try {
    const running = await startServer(server.app, listening);
    return {
      ...running,
      async stop() {
        await running.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
