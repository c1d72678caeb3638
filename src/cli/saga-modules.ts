/**
 * The sagas that modules export, by path: what `verify` and `doctor` are given to look at.
 */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SagaDefinition } from '../core/definition.ts';

/** The sagas found, or what is wrong with the paths, to be told to a person. */
export type LoadedSagas =
  | { readonly kind: 'loaded'; readonly definitions: readonly SagaDefinition[] }
  | { readonly kind: 'mistake'; readonly message: string };

const MODULE = /(?<!\.d)\.(ts|js|mjs)$/;

/**
 * Loads modules and takes every saga they export, each one once. A path may be a folder: then all
 * modules directly in it, of which some may export none.
 */
export async function loadSagas(paths: readonly string[]): Promise<LoadedSagas> {
  const definitions = new Set<SagaDefinition>();
  for (const path of paths) {
    try {
      const modules = await modulesAt(path);
      const before = definitions.size;
      for (const module of modules) {
        const exported = (await import(pathToFileURL(resolve(module)).href)) as object;
        for (const value of Object.values(exported)) {
          if (isDefinition(value)) definitions.add(value);
        }
      }
      if (definitions.size > before) continue;
    } catch (error) {
      return { kind: 'mistake', message: `cannot load ${path}: ${String(error)}` };
    }
    const message = `${path} exports no saga; export what .build() gives`;
    return { kind: 'mistake', message };
  }
  return { kind: 'loaded', definitions: [...definitions] };
}

async function modulesAt(path: string): Promise<readonly string[]> {
  // A module may be named without its suffix being a file: then loading it says what is wrong.
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

function isDefinition(value: unknown): value is SagaDefinition {
  return (
    value !== null &&
    typeof value === 'object' &&
    'machine' in value &&
    'invokes' in value &&
    value.invokes instanceof Map
  );
}
