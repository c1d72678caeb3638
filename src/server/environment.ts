/**
 * What this process runs as: versions, and which settings it was given. Never a secret: of a
 * setting that may hold one it is only told whether it is set.
 */
import { readFileSync } from 'node:fs';
import { redactText } from '../core/secrets/redact.ts';
import { type Environment, isClosedSetting, settingNames } from '../core/settings.ts';

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
export function settingFacts(env: Environment): readonly Fact[] {
  return [
    ...settingNames().map((name) => ({
      name,
      value: isClosedSetting(name) ? closedValue(name, env) : redactText(env[name] || 'default'),
    })),
    { name: 'NODE_ENV', value: redactText(env['NODE_ENV'] || 'not set') },
  ];
}

function closedValue(name: string, env: Environment): string {
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
