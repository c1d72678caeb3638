/**
 * Programs of the repository as processes of their own: their lines, their signals, their end.
 *
 * They run in a folder of the test and with a bare environment, so that no setting of the person
 * who runs the tests reaches them. Every wait ends with the process at the latest.
 */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '../compile-cache.ts';

/** The programs a person or the launcher runs, from the root of the repository. */
export const PROGRAMS = {
  launcher: 'src/demo/start.js',
  server: 'src/demo/main.ts',
  provider: 'actors/payment/payment-provider.ts',
  cli: 'src/cli/main.ts',
} as const;

export type Environment = Readonly<Record<string, string>>;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What every program gets: compiled sources are kept from one start to the next, and sagas are not
 * verified at each, which is tried by tests of its own and takes more time than the start itself.
 */
const QUICK_START: Environment = {
  NODE_COMPILE_CACHE: COMPILE_CACHE,
  BACKSTEP_VERIFY: 'off',
};

/** An exit code, or the signal that ended the process. */
export type Exit = number | NodeJS.Signals | null;

export interface Program {
  readonly pid: number;
  /** Its lines so far. */
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Resolves with the nth line (from 1) of either stream that matches; rejects at the end. */
  line(pattern: RegExp, nth?: number): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Closes this end of its streams: what it writes from now on finds nobody. */
  deafen(): void;
  /** Resolves once it and every program that shares its streams have ended. */
  readonly ended: Promise<Exit>;
}

/** Starts a program. Whoever starts it awaits or kills it. `stderr`: a descriptor for it. */
export function run(
  program: keyof typeof PROGRAMS,
  folder: string,
  env: Environment = {},
  args: readonly string[] = [],
  stderr: number | 'pipe' = 'pipe',
): Program {
  const child = spawn(process.execPath, ['--no-warnings', join(ROOT, PROGRAMS[program]), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...QUICK_START, ...env },
    stdio: ['ignore', 'pipe', stderr],
  });
  const lines: string[] = [];
  const out: string[] = [];
  const err: string[] = [];
  const lookers = new Set<() => void>();
  const take = (stream: string[]) => (line: string) => {
    stream.push(line);
    lines.push(line);
    for (const look of lookers) look();
  };
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of streams) {
    createInterface({ input: stream }).on('line', take(stream === child.stderr ? err : out));
  }
  // Programs below inherit the pipes: 'close' comes when the last of them has ended.
  const ended = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });

  return {
    pid: child.pid ?? 0,
    out,
    err,
    ended,
    signal: (signal) => void child.kill(signal),
    deafen: () => {
      for (const stream of streams) stream.destroy();
    },
    line: (pattern, nth = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.filter((line) => pattern.test(line))[nth - 1];
          if (found === undefined) return;
          lookers.delete(look);
          resolve(found);
        };
        lookers.add(look);
        look();
        void ended.then((exit) =>
          reject(new Error(`${program} ended (${exit}) without ${pattern}:\n${lines.join('\n')}`)),
        );
      }),
  };
}

/** The process of a program that runs below another one. Throws when there is none. */
export function childOf(parentPid: number, program: keyof typeof PROGRAMS): number {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  for (const row of table.split('\n')) {
    const [pid = '', ppid = '', ...command] = row.trim().split(/\s+/);
    const isIt = command.some((word) => word.endsWith(PROGRAMS[program]));
    if (Number(ppid) === parentPid && isIt) return Number(pid);
  }
  throw new Error(`no ${program} runs below ${parentPid}`);
}
