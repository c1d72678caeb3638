/**
 * What this process runs as: versions, and which settings it was given. Never a secret: of a
 * setting that may hold one it is only told whether it is set.
 */
import { readFileSync } from 'node:fs';

/** Settings whose values may be read by anybody who sees the page. */
const OPEN_SETTINGS = [
  'HOST',
  'PORT',
  'BACKSTEP_DB',
  'BACKSTEP_KEEP_ENDED',
  'BACKSTEP_READ_ONLY',
  'BACKSTEP_REQUESTS_PER_SECOND',
  'BACKSTEP_MAX_CLIENTS',
  'BACKSTEP_REDACT',
  'BACKSTEP_FAULTS',
  'BACKSTEP_INSPECT_SEND',
  'BACKSTEP_VERIFY',
  'LOG_LEVEL',
  'PAYMENT_PROVIDER_PORT',
  'PAYMENT_PROVIDER_DB',
  'NODE_ENV',
];
/** Settings that are, or may carry, a secret. */
const CLOSED_SETTINGS = [
  'BACKSTEP_TOKEN',
  'BACKSTEP_TOKEN_FILE',
  'BACKSTEP_ALLOWED_HOSTS',
  'PAYMENT_PROVIDER_URL',
  'SMTP_URL',
];
const PACKAGES = ['xstate', 'better-sqlite3', 'kysely', 'hono', 'ws', 'htmx.org'];

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Versions of what runs here; read once. */
export function versionFacts(): readonly Fact[] {
  const own = new URL('../../package.json', import.meta.url);
  return [
    { name: 'Backstep', value: versionIn(own) },
    { name: 'Node', value: `${process.version} on ${process.platform} ${process.arch}` },
    ...PACKAGES.map((name) => ({ name, value: packageVersion(name) })),
  ];
}

/** Each setting, and its value where that is no secret. */
export function settingFacts(env: Readonly<Record<string, string | undefined>>): readonly Fact[] {
  return [
    ...OPEN_SETTINGS.map((name) => ({ name, value: env[name] || 'default' })),
    ...CLOSED_SETTINGS.map((name) => ({ name, value: closedValue(name, env) })),
  ];
}

function closedValue(name: string, env: Readonly<Record<string, string | undefined>>): string {
  // The launcher gives the server the address of the provider that it started.
  const isOwn = name === 'PAYMENT_PROVIDER_URL' && env['PAYMENT_PROVIDER_KEPT'] === 'yes';
  if (isOwn) return 'not set: the launcher started one';
  return env[name] ? 'set, not shown' : 'not set';
}

function packageVersion(name: string): string {
  try {
    const entry = import.meta.resolve(name);
    const folder = entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`));
    return versionIn(new URL(`${folder}/node_modules/${name}/package.json`));
  } catch {
    return 'unknown'; // bundled, or laid out in another way
  }
}

function versionIn(file: URL): string {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const version: unknown =
    content !== null && typeof content === 'object' ? Reflect.get(content, 'version') : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
