/**
 * A server of PostgreSQL as a process that ends with whoever started it.
 *
 * Invariant: no server outlives that process, however it ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Identity } from './unprivileged.ts';

/**
 * Runs the server, tells its pid, and waits for its end. When whoever holds the other end of
 * descriptor 3 is gone, it stops the server and removes the folder; a line there calls that off.
 *
 * Node closes that end when the server has ended by itself, too: then whoever started it is there still,
 * and the folder is theirs.
 */
const KEEPER = `exec 3<&0 </dev/null
folder=$1; shift
"$@" 3<&- >>"$folder/server.log" 2>&1 &
server=$!
echo "$server"
(
  if read -r calledOff <&3; then echo kept; exit 0; fi
  kill -0 "$server" 2>/dev/null || exit 0
  kill -QUIT "$server" 2>/dev/null
  while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
  rm -rf "$folder"
) &
exec >/dev/null 3<&-
wait "$server"`;

export interface RunningServer {
  readonly pid: number;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<readonly unknown[]>;
  /** Has the folder kept after the server's end. */
  callOff(): Promise<unknown>;
}

/** What the tests' own settings say of PostgreSQL must not reach it. */
export const BARE_ENVIRONMENT = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };

/** Runs a server in a folder, which is removed with it. */
export async function spawnServer(
  folder: string,
  server: readonly string[],
  identity: Identity,
): Promise<RunningServer> {
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', folder, ...server], {
    ...identity,
    cwd: folder,
    env: BARE_ENVIRONMENT,
    // So that an interrupt at the terminal ends the tests first.
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdin, stdout } = keeper;
  stdin.on('error', () => {}); // it ended before it was called off
  const ended = once(keeper, 'exit');
  const [said] = (await Promise.race([once(stdout, 'data'), ended])) as unknown[];
  // The program may end before: it holds nobody up.
  for (const each of [keeper, stdin, stdout]) if ('unref' in each) each.unref();
  const callOff = (): Promise<unknown> => {
    for (const each of [keeper, stdout]) if ('ref' in each) each.ref();
    const kept = Promise.race([once(stdout, 'data'), ended]);
    stdin.end('keep\n');
    return kept;
  };
  return { pid: Number(said), ended, callOff };
}
