/**
 * Where the server listens and whom it trusts, read from the environment.
 *
 * Must never let a server that others can reach start without a token. The token comes from the
 * environment or a file, never from an argument, and never appears in a message.
 */
import { readFileSync } from 'node:fs';
import { BackstepError } from '../core/errors.ts';
import type { Environment } from '../core/settings.ts';
import { clientsBehind } from '../server/access/client-address.ts';
import { isToken } from '../server/access/token.ts';
import { isOwnName } from '../server/create-server.ts';
import type { ServeOptions } from '../server/serve-backstep.ts';
import { settingOf, SETTINGS } from './settings.ts';

/** What `serveBackstep` is told by the environment. */
export type Binding = Required<
  Pick<
    ServeOptions,
    | 'host'
    | 'port'
    | 'token'
    | 'allowedHosts'
    | 'readOnly'
    | 'requestsPerSecond'
    | 'trustedProxies'
    | 'maxClients'
  >
>;

/**
 * Reads HOST, PORT and what bounds and guards the server. Throws `input-invalid` with one sentence.
 */
export function bindingOf(env: Environment): Binding {
  const host = settingOf(env, 'HOST');
  const token = tokenOf(env);
  if (token === null && !isOwnName(host)) {
    const { wants } = SETTINGS.BACKSTEP_TOKEN;
    throw refusal(`HOST is ${host}, which others can reach: set BACKSTEP_TOKEN to ${wants}`);
  }
  const trustedProxies = settingOf(env, 'BACKSTEP_TRUSTED_PROXIES');
  clientsBehind(trustedProxies); // refuses what is no network, before anything is opened
  return {
    host,
    port: settingOf(env, 'PORT'),
    token,
    allowedHosts: settingOf(env, 'BACKSTEP_ALLOWED_HOSTS'),
    readOnly: settingOf(env, 'BACKSTEP_READ_ONLY'),
    requestsPerSecond: settingOf(env, 'BACKSTEP_REQUESTS_PER_SECOND'),
    trustedProxies,
    maxClients: settingOf(env, 'BACKSTEP_MAX_CLIENTS'),
  };
}

function tokenOf(env: Environment): string | null {
  const token = settingOf(env, 'BACKSTEP_TOKEN');
  const file = settingOf(env, 'BACKSTEP_TOKEN_FILE');
  if (token !== null || file === null) return token;
  const content = readToken(file);
  if (isToken(content)) return content;
  throw refusal(`BACKSTEP_TOKEN_FILE holds no token; give ${SETTINGS.BACKSTEP_TOKEN.wants}`);
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw refusal(`BACKSTEP_TOKEN_FILE cannot be read: ${file}`, cause);
  }
}

function refusal(message: string, cause?: unknown): BackstepError {
  return new BackstepError('input-invalid', message, { cause });
}
