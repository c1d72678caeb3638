/**
 * The sagas that modules export, by path: what `verify`, `doctor` and `check` are given to look at.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDefinition } from '../core/define/definition-kinds.ts';
import type { SagaDefinition } from '../core/define/definition.ts';
import { readFields } from '../core/machine/machine-nodes.ts';
import type { Migration } from '../core/history/migration.ts';
import type { MigrationsOf } from '../host/versions/version-check.ts';

/** The sagas found, or what is wrong with the paths, to be told to a person. */
export type LoadedSagas =
  | {
      readonly kind: 'loaded';
      readonly definitions: readonly SagaDefinition[];
      readonly migrations: MigrationsOf;
      /** Where migrations are exported without their saga: a sentence; `null`: nowhere. */
      readonly stray: string | null;
    }
  | { readonly kind: 'mistake'; readonly message: string };

type Migrations = Readonly<Record<number, Migration>>;

const MODULE = /(?<!\.d)\.(ts|js|mjs)$/;
/** What Node loads when it is named, and which of it only from 22.18 on. */
const LOADABLE = /\.[cm]?[jt]s$/;
const TYPESCRIPT = /\.[cm]?ts$/;

/**
 * Loads modules and takes every saga they export, each one once, with its migrations where they are
 * exported together as `{ definition, migrate }`. A path may be a folder: then all modules directly
 * in it, of which some may export none.
 */
export async function loadSagas(paths: readonly string[]): Promise<LoadedSagas> {
  const definitions = new Set<SagaDefinition>();
  const migrations = new Map<SagaDefinition, Migrations>();
  const strays = new Map<Migrations, string>();
  for (const path of paths) {
    try {
      const modules = await modulesAt(path);
      const wrong = modules.map(moduleMistake).find((each) => each !== undefined);
      if (wrong !== undefined) return { kind: 'mistake', message: wrong };
      const before = definitions.size;
      for (const module of modules) {
        const exported = await imported(module);
        for (const [name, value] of Object.entries(exported)) {
          if (isMigrations(value)) strays.set(value, `${module}: "${name}"`);
          const { definition, migrate } = readFields(value);
          if (isDefinition(value)) definitions.add(value);
          if (!isDefinition(definition)) continue;
          definitions.add(definition);
          // Registered as it is, so that a wrong one is told.
          if (isObject(migrate)) migrations.set(definition, migrate as Migrations);
        }
      }
      if (definitions.size > before) continue;
    } catch (error) {
      return { kind: 'mistake', message: error instanceof Error ? error.message : String(error) };
    }
    const message = `${path} exports no saga; export what .build() gives`;
    return { kind: 'mistake', message };
  }
  for (const migrate of migrations.values()) strays.delete(migrate);
  const [where] = strays.values();
  const stray = where === undefined ? null : strayText(where);
  return { kind: 'loaded', definitions: [...definitions], migrations, stray };
}

/** What keeps Node from loading a file, where its own words would not help. */
function moduleMistake(path: string): string | undefined {
  if (!existsSync(path)) return `${path}: there is no such file; check the path`;
  if (!LOADABLE.test(path)) {
    return `${path} is no module; name a .ts, .js or .mjs file that exports a saga`;
  }
  if (TYPESCRIPT.test(path) && !process.features.typescript) {
    const { node } = process.versions;
    return `${path}: Node ${node} reads no TypeScript; update to 22.18, or name the built .js file`;
  }
  return undefined;
}

async function modulesAt(path: string): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => MODULE.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

async function imported(module: string): Promise<object> {
  try {
    return (await import(pathToFileURL(resolve(module)).href)) as object;
  } catch (cause) {
    throw new Error(`cannot load ${module}: ${String(cause)}`, { cause });
  }
}

function strayText(where: string): string {
  return `${where} is migrations of no saga; export { definition, migrate } instead`;
}

/** Functions by version. */
function isMigrations(value: unknown): value is Migrations {
  if (!isObject(value)) return false;
  const members = Object.entries(value);
  const isOne = ([from, migration]: [string, unknown]): boolean =>
    /^[1-9]\d*$/.test(from) && typeof migration === 'function';
  return !Array.isArray(value) && members.length > 0 && members.every(isOne);
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object';
}
