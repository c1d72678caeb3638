/** What a server of a test takes and says, read from outside. */
import { readFileSync } from 'node:fs';
import type { Program } from '../e2e/processes.ts';

const BYTES_PER_KIB = 1_024;

/** Memory that the process holds, in bytes, or `null` where no system tells. */
export function residentBytesOf(pid: number): number | null {
  return memoryOf(pid, /^VmRSS:\s+(\d+) kB$/m);
}

/** As `residentBytesOf`, the most that it ever held. */
export function peakBytesOf(pid: number): number | null {
  return memoryOf(pid, /^VmHWM:\s+(\d+) kB$/m);
}

function memoryOf(pid: number, line: RegExp): number | null {
  if (process.platform !== 'linux') return null;
  const kib = line.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kib === undefined ? null : Number(kib) * BYTES_PER_KIB;
}

/** What the server logged as its own fault. */
export function faultsLoggedBy(server: Program): readonly string[] {
  return server.err.filter((line) => /"level":(50|60)|^\s+at /.test(line));
}
