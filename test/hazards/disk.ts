/**
 * A disk that forgets and fails, for a process of a test: builds disk.c, arms it, cuts the power.
 *
 * The library goes into a temporary folder and no further. Where nothing can be built, the tests
 * that need it are skipped with a printed reason.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { Environment } from '../e2e/processes.ts';

const SOURCE = fileURLToPath(new URL('./disk.c', import.meta.url));
const COMPILER = process.env['CC'] || 'cc';
const WORD_BYTES = 8;
/** As in struct control. */
const WORDS = [
  'calls',
  'failFirst',
  'failCount',
  'error',
  'failed',
  'syncs',
  'delayMs',
  'unsynced',
] as const;
type Word = (typeof WORDS)[number];
/** Numbers of at least 0, below 1. */
type Chance = () => number;
/** A disk writes whole sectors, and any of those that no sync has asked for. */
const SECTOR_BYTES = 512;

/** Of a write-ahead log; its checkpoint sequence number counts how often it began anew. */
const LOG_HEADER_BYTES = 32;
const LOG_RESTARTS_AT = 12;

/** The errors that calls fail with, as Linux numbers them. */
export const ERRNO = { EIO: 5, ENOSPC: 28, EDQUOT: 122 } as const;

type Library =
  | { readonly kind: 'built'; readonly path: string; readonly remove: () => void }
  | { readonly kind: 'impossible'; readonly reason: string };

/** The library for the tests of one file, or `null` with a printed reason where there is none. */
export function useDiskLibrary(what: string): string | null {
  const library = buildDiskLibrary();
  if (library.kind === 'built') {
    afterAll(library.remove);
    return library.path;
  }
  console.warn(`skipped: no ${what}, ${library.reason}`);
  return null;
}

/** Compiles the library; whoever has it removes it. */
function buildDiskLibrary(): Library {
  if (process.platform !== 'linux') {
    return { kind: 'impossible', reason: 'a library is preloaded on Linux only' };
  }
  const folder = mkdtempSync(join(tmpdir(), 'backstep-disk-'));
  const path = join(folder, 'disk.so');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const flags = ['-Wall', '-Wextra', '-Werror', '-O1', '-shared', '-fPIC'];
    execFileSync(COMPILER, [...flags, '-o', path, SOURCE, '-lpthread'], { stdio: 'pipe' });
    return { kind: 'built', path, remove };
  } catch (error) {
    remove();
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) return { kind: 'impossible', reason: `there is no C compiler "${COMPILER}"` };
    throw error; // a compiler that refuses our source is a failure, not a reason to skip
  }
}

/** The disk below one folder. */
export class Disk {
  readonly #folder: string;
  readonly #images: string;
  readonly #control: string;
  readonly #library: string;

  /** `folder` holds the databases and must exist. What it needs beside them lies in it too. */
  constructor(library: string | null, folder: string) {
    if (library === null) throw new Error('without the library there is no faulty disk');
    this.#library = library;
    this.#folder = realpathSync(folder);
    this.#images = join(this.#folder, 'images');
    this.#control = join(this.#folder, 'control');
    mkdirSync(this.#images);
    writeFileSync(this.#control, Buffer.alloc(WORDS.length * WORD_BYTES));
  }

  /** The environment of a process that is to run on this disk. */
  get env(): Environment {
    return {
      LD_PRELOAD: this.#library,
      DISK_FOLDER: this.#folder,
      DISK_IMAGES: this.#images,
      DISK_CONTROL: this.#control,
    };
  }

  /** Counts from now on; the `first`th call fails, and `count - 1` after it. */
  failFrom(first: number, count: number, errno: number): void {
    this.#write('failFirst', 0);
    this.#write('calls', 0);
    this.#write('failed', 0);
    this.#write('error', errno);
    this.#write('failCount', count);
    this.#write('failFirst', first);
  }

  /** From now on every sync takes so much longer. */
  slowDown(delayMs: number): void {
    this.#write('delayMs', delayMs);
  }

  /** No call fails any more. */
  heal(): void {
    this.#write('failFirst', 0);
  }

  /** Calls since `failFrom`, those that failed of them, syncs ever, writes that await one now. */
  count(word: 'calls' | 'failed' | 'syncs' | 'unsynced'): number {
    const file = openSync(this.#control, 'r');
    try {
      const buffer = Buffer.alloc(WORD_BYTES);
      readSync(file, buffer, 0, WORD_BYTES, offsetOf(word));
      return Number(buffer.readBigUInt64LE());
    } finally {
      closeSync(file);
    }
  }

  /**
   * Turns the files into what a power cut leaves. The process must be dead. Without `random` all
   * that was not synced is lost; with it, each unsynced sector is there or not. Gives how many
   * bytes were not synced.
   */
  cutPower(random?: Chance): number {
    let lostBytes = 0;
    for (const name of readdirSync(this.#folder)) {
      if (!/(\.db|-wal|-journal|-shm)$/.test(name)) continue;
      const path = join(this.#folder, name);
      const image = join(this.#images, name);
      if (!existsSync(image)) {
        // Not ours (nobody wrote it on this disk), or the index of the log, which is memory.
        if (name.endsWith('-shm')) rmSync(path);
        continue;
      }
      lostBytes += cutFile(path, image, random);
    }
    this.#write('unsynced', 0);
    return lostBytes;
  }

  /** Resolves in the middle of a commit: something was written and is not synced. */
  async midCommit(): Promise<void> {
    while (this.count('unsynced') === 0) await nextTurn();
  }

  /** What lies there now is durable. For files that somebody changed who was not on this disk. */
  accept(): void {
    rmSync(this.#images, { recursive: true });
    mkdirSync(this.#images);
    this.#write('unsynced', 0);
  }

  /** How often the write-ahead log of a database began anew, by what is durable of it. */
  logRestarts(name: string): number {
    const header = readFileSync(join(this.#images, `${name}-wal`)).subarray(0, LOG_HEADER_BYTES);
    return header.length < LOG_HEADER_BYTES ? 0 : header.readUInt32BE(LOG_RESTARTS_AT);
  }

  #write(word: Word, value: number): void {
    const buffer = Buffer.alloc(WORD_BYTES);
    buffer.writeBigUInt64LE(BigInt(value));
    const file = openSync(this.#control, 'r+');
    try {
      writeSync(file, buffer, 0, WORD_BYTES, offsetOf(word));
    } finally {
      closeSync(file);
    }
  }
}

function offsetOf(word: Word): number {
  return WORDS.indexOf(word) * WORD_BYTES;
}

function cutFile(path: string, image: string, random: Chance | undefined): number {
  const written = readFileSync(path);
  const synced = readFileSync(image);
  const length = random !== undefined && random() < 0.5 ? written.length : synced.length;
  const left = Buffer.alloc(length);
  synced.copy(left);
  let lostBytes = 0;
  for (let at = 0; at < Math.max(written.length, synced.length); at += SECTOR_BYTES) {
    const sector = written.subarray(at, at + SECTOR_BYTES);
    if (sector.equals(synced.subarray(at, at + SECTOR_BYTES))) continue;
    lostBytes += SECTOR_BYTES;
    if (random !== undefined && random() < 0.5 && at < length) sector.copy(left, at);
  }
  writeFileSync(path, left);
  copyFileSync(path, image);
  return lostBytes;
}
