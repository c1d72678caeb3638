/**
 * Where the server listens and whom it trusts, read from the environment.
 *
 * Must never let a server that others can reach start without a token. The token comes from the
 * environment or a file, never from an argument, and never appears in a message.
 */
import { readFileSync } from 'node:fs';
import { BackstepError } from '../core/errors.ts';
import { clientsBehind } from './access/client-address.ts';
import { type Environment, isToken, settingOf, SETTINGS } from '../core/settings.ts';
import type { SecurityOptions } from './access/security.ts';

export interface Binding {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly security: SecurityOptions;
  /** Live feeds and pages at a time. */
  readonly maxClients: number;
  readonly trustedProxies: readonly string[];
}

const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Reads HOST, PORT and what bounds and guards the server. Throws `input-invalid` with one sentence.
 */
export function bindingOf(env: Environment): Binding {
  const host = settingOf(env, 'HOST');
  const token = tokenOf(env);
  if (token === null && !isLoopback(host)) {
    const { wants } = SETTINGS.BACKSTEP_TOKEN;
    throw refusal(`HOST is ${host}, which others can reach: set BACKSTEP_TOKEN to ${wants}`);
  }
  const trustedProxies = settingOf(env, 'BACKSTEP_TRUSTED_PROXIES');
  clientsBehind(trustedProxies); // refuses what is no network, before anything is opened
  const own = host.includes(':') ? `[${host}]` : host;
  const named = [...LOOPBACK_HOSTS, own, ...settingOf(env, 'BACKSTEP_ALLOWED_HOSTS')];
  return {
    host,
    port: settingOf(env, 'PORT'),
    security: {
      allowedHosts: named.map((name) => name.toLowerCase()),
      token,
      isReadOnly: settingOf(env, 'BACKSTEP_READ_ONLY'),
      requestsPerSecond: settingOf(env, 'BACKSTEP_REQUESTS_PER_SECOND'),
      trustedProxies,
    },
    maxClients: settingOf(env, 'BACKSTEP_MAX_CLIENTS'),
    trustedProxies,
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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function refusal(message: string, cause?: unknown): BackstepError {
  return new BackstepError('input-invalid', message, { cause });
}
