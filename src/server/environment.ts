/**
 * What this process runs as: the versions of what it is made of.
 */
import { readFileSync } from 'node:fs';
import { packageFile } from './package-files.ts';

const PACKAGES = ['xstate', 'better-sqlite3', 'kysely', 'hono', 'ws', 'htmx.org'];

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Versions of what runs here; read once. */
export function versionFacts(): readonly Fact[] {
  return [
    { name: 'Backstep', value: ownVersion() },
    { name: 'Node', value: `${process.version} on ${process.platform} ${process.arch}` },
    ...PACKAGES.map((name) => ({ name, value: packageVersion(name) })),
  ];
}

/** The version of this package. */
export function ownVersion(): string {
  return versionIn(packageFile('package.json'));
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
