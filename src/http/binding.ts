/**
 * Where the server listens and whom it trusts, read from the environment.
 *
 * Must never let a server that others can reach start without a token. The token comes from the
 * environment or a file, never from an argument, and never appears in a message.
 */
import { readFileSync } from 'node:fs';
import { BackstepError } from '../core/errors.ts';
import { DEFAULT_MAX_CLIENTS } from './live-clients.ts';
import type { SecurityOptions } from './security.ts';

export interface Binding {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly security: SecurityOptions;
  /** Live feeds and pages at a time. */
  readonly maxClients: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 3000;
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** 128 bits in hexadecimal. */
const MIN_TOKEN_LENGTH = 32;
const TOKEN_CURE = 'for example from: openssl rand -hex 32';
const MAX_CLIENTS = 1_500;
const MAX_REQUESTS_PER_SECOND = 1_000_000;
const MAX_PORT = 65_535;

/**
 * Reads HOST, PORT, BACKSTEP_TOKEN, BACKSTEP_TOKEN_FILE, BACKSTEP_ALLOWED_HOSTS (names joined with
 * commas, for a proxy or a wildcard address), BACKSTEP_READ_ONLY, BACKSTEP_REQUESTS_PER_SECOND and
 * BACKSTEP_MAX_CLIENTS. Throws `input-invalid` with one sentence.
 */
export function bindingOf(env: Environment): Binding {
  const host = env['HOST'] || DEFAULT_HOST;
  const token = tokenOf(env);
  if (token === null && !isLoopback(host)) {
    throw refusal(
      `HOST is ${host}, which others can reach: set BACKSTEP_TOKEN to a random text of at least ` +
        `${MIN_TOKEN_LENGTH} characters, ${TOKEN_CURE}`,
    );
  }
  const extra = (env['BACKSTEP_ALLOWED_HOSTS'] ?? '').split(',').map((name) => name.trim());
  const named = [...LOOPBACK_HOSTS, host.includes(':') ? `[${host}]` : host, ...extra];
  const allowedHosts = named.filter((name) => name !== '').map((name) => name.toLowerCase());
  const isReadOnly = switchOf('BACKSTEP_READ_ONLY', env['BACKSTEP_READ_ONLY']);
  const requestsPerSecond = rateOf(env['BACKSTEP_REQUESTS_PER_SECOND']);
  return {
    host,
    port: numberOf('PORT', env['PORT'], DEFAULT_PORT, 0, MAX_PORT),
    security: { allowedHosts, token, isReadOnly, ...requestsPerSecond },
    maxClients: numberOf(
      'BACKSTEP_MAX_CLIENTS',
      env['BACKSTEP_MAX_CLIENTS'],
      DEFAULT_MAX_CLIENTS,
      1,
      MAX_CLIENTS,
    ),
  };
}

function tokenOf(env: Environment): string | null {
  const file = env['BACKSTEP_TOKEN_FILE'];
  const token = env['BACKSTEP_TOKEN'] || (file ? readToken(file) : '');
  if (token === '') return null;
  if (token.length < MIN_TOKEN_LENGTH || /\s/.test(token)) {
    throw refusal(
      `BACKSTEP_TOKEN must have at least ${MIN_TOKEN_LENGTH} characters and no blanks, ${TOKEN_CURE}`,
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

function numberOf(
  name: string,
  text: string | undefined,
  preset: number,
  least: number,
  most: number,
): number {
  if (text === undefined || text === '') return preset;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw refusal(`${name} is "${text}"; give a number from ${least} to ${most}`);
}

function switchOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === '' || text === 'off') return false;
  if (text === 'on') return true;
  throw refusal(`${name} is "${text}"; give "on" or "off"`);
}

function rateOf(text: string | undefined): Pick<SecurityOptions, 'requestsPerSecond'> {
  if (text === undefined || text === '') return {};
  if (text === 'off') return { requestsPerSecond: null };
  const name = 'BACKSTEP_REQUESTS_PER_SECOND';
  return { requestsPerSecond: numberOf(name, text, 0, 1, MAX_REQUESTS_PER_SECOND) };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function refusal(message: string, cause?: unknown): BackstepError {
  return new BackstepError('input-invalid', message, { cause });
}
