/**
 * The workflow examples of XState, each run as the program that it is: what it starts is judged like
 * what a test of XState starts. Chance gives the same each time; a person and the disk answer at once.
 */
import { existsSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

vi.mock('readline', () => ({
  default: {
    createInterface: () => ({
      question: (_: string, answer: (given: string) => void) => answer('Ada'),
      close: () => {},
    }),
  },
}));
vi.mock('fs/promises', async (original) => ({
  ...(await original<object>()),
  readdir: async (path: string) => {
    throw new Error(`there is no ${path}`);
  },
}));
vi.spyOn(Math, 'random').mockReturnValue(0.5);

/** Longer than any of them takes by itself, in pieces between which its promises go on. */
const PIECES = 100;
const PIECE_MS = 1_000;

const folders = globSync(join(process.env['BACKSTEP_XSTATE_EXAMPLES'] ?? '', 'workflow-*'));

afterEach(() => {
  vi.useRealTimers();
});

test.each(folders.toSorted().map((folder) => [basename(folder), folder]))(
  '%s',
  async (_, folder) => {
    const programs = ['main.ts', 'src/index.ts'].map((file) => join(folder, file));
    const program = programs.find((each) => existsSync(each)) ?? '';
    vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'Date'] });
    const progress = { isThrough: false };
    const ran = import(program).finally(() => {
      progress.isThrough = true;
    });
    for (let piece = 0; piece < PIECES || !progress.isThrough; piece++) {
      await vi.advanceTimersByTimeAsync(PIECE_MS);
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    await expect(ran).resolves.toBeDefined();
  },
);
