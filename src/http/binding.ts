/**
 * Where the server listens and whom it trusts, read from the environment.
 *
 * Must never let a server that others can reach start without a token. The token comes from the
 * environment or a file, never from an argument, and never appears in a message.
 */
import { readFileSync } from 'node:fs';
import { BackstepError } from '../core/errors.ts';
import type { SecurityOptions } from './security.ts';

export interface Binding {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly security: SecurityOptions;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 3000;
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** 128 bits in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
const MAX_PORT = 65_535;

/**
 * Reads HOST, PORT, BACKSTEP_TOKEN, BACKSTEP_TOKEN_FILE and BACKSTEP_ALLOWED_HOSTS (names joined
 * with commas, for a proxy or a wildcard address). Throws `input-invalid` with one sentence.
 */
export function bindingOf(env: Environment): Binding {
  const host = env['HOST'] || DEFAULT_HOST;
  const token = tokenOf(env);
  if (token === null && !isLoopback(host)) {
    throw refusal(
      `HOST is ${host}, which others can reach: set BACKSTEP_TOKEN to a random text of at least ` +
        `${MIN_TOKEN_LENGTH} characters, for example from: openssl rand -hex 32`,
    );
  }
  const extra = (env['BACKSTEP_ALLOWED_HOSTS'] ?? '').split(',').map((name) => name.trim());
  const named = [...LOOPBACK_HOSTS, host.includes(':') ? `[${host}]` : host, ...extra];
  const allowedHosts = named.filter((name) => name !== '').map((name) => name.toLowerCase());
  return { host, port: portOf(env['PORT']), security: { allowedHosts, token } };
}

function tokenOf(env: Environment): string | null {
  const file = env['BACKSTEP_TOKEN_FILE'];
  const token = env['BACKSTEP_TOKEN'] || (file ? readToken(file) : '');
  if (token === '') return null;
  if (token.length < MIN_TOKEN_LENGTH || /\s/.test(token)) {
    throw refusal(
      `BACKSTEP_TOKEN must have at least ${MIN_TOKEN_LENGTH} characters and no blanks (128 bits)`,
    );
  }
  return token;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw refusal(`BACKSTEP_TOKEN_FILE cannot be read: ${file}`, cause);
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= MAX_PORT) return port;
  throw refusal(`PORT is "${text}"; give a number from 0 to ${MAX_PORT}`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function refusal(message: string, cause?: unknown): BackstepError {
  return new BackstepError('input-invalid', message, { cause });
}
