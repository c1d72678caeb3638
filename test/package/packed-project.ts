/**
 * A project of a user: the package is packed, put there as npm would put it, and the programs of a
 * text stand beside it as they are printed.
 *
 * Without a network: the dependencies are links to those of the repository.
 */
import { execFile, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { type Documented, documentedIn } from './documented.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DEPENDENCIES = join(ROOT, 'node_modules');
/** What the user of the README has installed beside Backstep. */
const OWN_PACKAGES = [
  'typescript',
  'vitest',
  'xstate',
  'zod',
  'express',
  'standardwebhooks',
  '@types/node',
  '@types/express',
  '@types/better-sqlite3',
];

/** It is built before it is packed, and compiled whole, on a machine that runs other tests too. */
export const PACK_MS = 120_000;

interface Manifest {
  readonly bin: { readonly backstep: string };
  readonly dependencies: Readonly<Record<string, string>>;
  /** The main one first. */
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
}

/** A text and the folder that its reader works in. */
export interface Manual extends Documented {
  readonly name: string;
  readonly folder: string;
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * A project for the tests of one file, with the programs of these texts, and these packages beside
 * those of the README; it goes with them.
 */
export function usePackedProject(
  texts: readonly string[],
  packages: readonly string[] = [],
): PackedProject {
  const project = new PackedProject(texts, packages);
  beforeAll(() => project.make(), PACK_MS);
  afterAll(() => project.dispose());
  return project;
}

export class PackedProject {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'backstep-packed-')));
  readonly installed = join(this.folder, 'node_modules/backstep');
  readonly manuals: readonly Manual[];

  readonly #packages: readonly string[];

  constructor(texts: readonly string[], packages: readonly string[]) {
    this.#packages = [...OWN_PACKAGES, ...packages];
    this.manuals = texts.map((path) => {
      const name = basename(path, '.md');
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { name, folder: join(this.folder, name), ...documentedIn(text) };
    });
  }

  make(): void {
    const { folder, installed } = this;
    const tarball = done(run('npm', ['pack', '--silent', '--pack-destination', folder], ROOT));
    mkdirSync(installed, { recursive: true });
    done(run('tar', ['-xzf', join(folder, tarball.trim()), '--strip-components=1'], installed));
    for (const name of new Set([...Object.keys(this.manifest().dependencies), ...this.#packages])) {
      this.#link(name);
    }
    for (const manual of this.manuals) {
      mkdirSync(manual.folder);
      for (const { file, text } of manual.programs) {
        mkdirSync(dirname(join(manual.folder, file)), { recursive: true });
        writeFileSync(join(manual.folder, file), text);
      }
    }
    this.#makeCommands();
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  manifest(): Manifest {
    return JSON.parse(readFileSync(join(this.installed, 'package.json'), 'utf8')) as Manifest;
  }

  node(...args: readonly string[]): Ran {
    return run(process.execPath, args, this.folder);
  }

  /** What a reader types, in a shell that finds `node` and `npx`; a command may fail and say so. */
  shell(command: string, cwd: string): Promise<string> {
    const path = [join(this.folder, 'bin'), process.env['PATH']].join(delimiter);
    const env = { ...process.env, PATH: path, NO_COLOR: '1', FORCE_COLOR: undefined };
    const { promise, resolve } = Promise.withResolvers<string>();
    execFile('sh', ['-c', command], { cwd, env }, (error, out, err) => {
      resolve(`${out}${err}${error === null ? '' : `ended with ${error.code}\n`}`.trimEnd());
    });
    return promise;
  }

  #link(name: string): void {
    const path = join(this.folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(join(DEPENDENCIES, name), path);
  }

  #makeCommands(): void {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    const commands = { backstep: this.manifest().bin.backstep, vitest: '../vitest/vitest.mjs' };
    for (const [name, file] of Object.entries(commands)) {
      const path = join(this.installed, file);
      writeFileSync(join(bin, name), `#!/bin/sh\nexec node "${path}" "$@"\n`, { mode: 0o755 });
    }
    writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  }
}

/** What it printed; throws where it failed. */
export function done({ code, out, err }: Ran): string {
  if (code !== 0) throw new Error(`ended with ${code}: ${out}${err}`);
  return out;
}

function run(program: string, args: readonly string[], cwd: string): Ran {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const ran = spawnSync(program, args, { cwd, encoding: 'utf8', env });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}
