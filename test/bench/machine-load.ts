/** How busy the machine was with other work, which no figure here can be read without. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Of the clock in which Linux counts the time of processes. */
const TICKS_PER_SECOND = 100;
/** In /proc/<pid>/stat, after the name: parent, own time in user and kernel, and of ended children. */
const PARENT = 1;
const TIMES = [11, 12, 13, 14];
/** Above this share figures say more of the other work than of what is measured. */
export const TRUSTED_PERCENT = 12;

/** Of a process and its children, ended ones included; `NaN` where the system does not tell. */
export function cpuSecondsOf(pid: number): number {
  try {
    const own = statOf(String(pid));
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const stat = statOf(name);
        return stat?.[PARENT] === String(pid) ? [stat] : [];
      });
    const ticks = [own, ...children].flatMap((stat) => TIMES.map((at) => Number(stat?.[at])));
    return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
  } catch {
    return NaN;
  }
}

/** `null`: it has ended. */
function statOf(pid: string): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Processor time of all cores since the start of the machine, in seconds. */
export function machineSeconds(): { readonly all: number; readonly busy: number } {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
    // Time of guests, the last two, is in the first two as well.
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const [, , , idle = 0, waiting = 0] = ticks;
    const all = ticks.reduce((sum, each) => sum + each, 0);
    return { all: all / TICKS_PER_SECOND, busy: (all - idle - waiting) / TICKS_PER_SECOND };
  } catch {
    return { all: NaN, busy: NaN };
  }
}

/**
 * From now on; what it gives is the share of all cores that others had, in percent. Children count as
 * ours, theirs do not.
 */
export function watchOtherWork(): () => number {
  const before = { ...machineSeconds(), ours: cpuSecondsOf(process.pid) };
  return () => {
    const { all, busy } = machineSeconds();
    const others = busy - before.busy - (cpuSecondsOf(process.pid) - before.ours);
    return (100 * Math.max(0, others)) / (all - before.all);
  };
}

/** What a reader of the figures has to know of it. */
export function verdictOn(percent: number): string {
  const share = `other work had ${percent.toFixed(0)} % of the processors`;
  if (percent <= TRUSTED_PERCENT) return share;
  return `NOT TO BE TRUSTED: ${share}, more than ${TRUSTED_PERCENT} %`;
}
