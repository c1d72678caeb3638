/**
 * Programs that serve Restate, each a process of its own: started, listened to, and ended by id.
 *
 * A program sends `{ port }` once it listens. Invariant: it ends with the process that started it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '../compile-cache.ts';

export interface WorkerProcess {
  readonly pid: number;
  readonly port: number;
  /** Resolves once it has ended, whoever did that. */
  readonly ended: Promise<void>;
  /** Ends it at once, in the middle of everything. */
  kill(): Promise<void>;
}

/** Starts a program of this folder. Whoever starts it kills it, or ends. */
export async function startWorker(
  program: string,
  args: readonly string[] = [],
): Promise<WorkerProcess> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = fork(path, args, {
    execArgv: ['--no-warnings'],
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: COMPILE_CACHE },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => {});
  return {
    ended,
    pid: child.pid ?? 0,
    port: await portOf(child, ended),
    kill: () => kill(child, ended),
  };
}

/** Tells whoever started this program that it listens, and ends with it. */
export function tellPort(port: number): void {
  process.once('disconnect', () => process.exit());
  process.send?.({ port });
}

async function portOf(child: ChildProcess, ended: Promise<unknown>): Promise<number> {
  const told = once(child, 'message') as Promise<[{ readonly port: number }]>;
  const [message] = await Promise.race([
    told,
    ended.then(() => {
      throw new Error(`${child.spawnfile} ended before it listened`);
    }),
  ]);
  return message.port;
}

async function kill(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}
