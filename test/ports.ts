/**
 * Ports for the programs that tests start. A program that was killed leaves its port free until it
 * is back, so each port is claimed for the life of this process: no other test takes it meanwhile.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below the ports that the system gives to outgoing connections, which could take one again. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

/** One file for each claimed port, with the process that claimed it. */
const CLAIMS = join(tmpdir(), 'backstep-test-ports');

const own: string[] = [];
process.once('exit', () => {
  for (const path of own) rmSync(path, { force: true });
});

/** A port of this machine that nobody listens on, and no other test either. */
export async function freePort(): Promise<number> {
  mkdirSync(CLAIMS, { recursive: true });
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (claim(port) && (await isFree(port))) return port;
  }
}

function claim(port: number): boolean {
  const path = join(CLAIMS, String(port));
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
  } catch {
    // Another port is as good; what a dead process left is cleared for the next one.
    if (!isAlive(path)) rmSync(path, { force: true });
    return false;
  }
  own.push(path);
  return true;
}

function isAlive(claimed: string): boolean {
  try {
    const pid = Number(readFileSync(claimed, 'utf8'));
    // Empty: it is being written just now.
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
