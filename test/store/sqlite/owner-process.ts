/** A process that owns a store, as a test sees it: its lines and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./store-process.ts', import.meta.url));

export interface Owner {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves once so many lines were printed. */
  readonly printed: (count: number) => Promise<void>;
  readonly kill: () => Promise<void>;
}

export async function startOwner(path: string, mode: 'busy' | 'idle'): Promise<Owner> {
  const child = spawn(process.execPath, [PROGRAM, path, mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const printed = async (count: number) => {
    while (lines.length < count) await Promise.race([once(reader, 'line'), exited]);
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
    if (!reader.terminal) reader.close();
  };
  onTestFinished(kill);
  await printed(1);
  return { child, lines, printed, kill };
}
