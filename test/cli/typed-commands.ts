/** Command lines run in this process, as one would type them, before a terminal that is looked at. */
import { runCommandLine } from '../../src/cli/program.ts';
import type { Environment } from '../../src/core/settings.ts';

/** What a command line gave. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The person and the environment of a command line. */
export interface Typing {
  readonly env?: Environment;
  readonly input?: string;
  /** What the person answers; default: nobody is there. */
  readonly says?: boolean;
  readonly interrupted?: AbortSignal;
}

/** Runs it. */
export async function typed(args: readonly string[], typing: Typing = {}): Promise<Ran> {
  const { env = {}, input = '', says, interrupted = new AbortController().signal } = typing;
  let out = '';
  let err = '';
  const code = await runCommandLine(args, env, {
    out: (given) => void (out += given),
    err: (given) => void (err += given),
    isOutTerminal: false,
    isInteractive: says !== undefined,
    hasColours: false,
    readInput: async () => input,
    ask: async () => says === true,
    interrupted,
  });
  return { code, out, err };
}

/** The JSON that it printed. */
export function jsonOf({ code, out, err }: Ran): unknown {
  if (out === '') throw new Error(`ended with ${code} and printed nothing: ${err}`);
  return JSON.parse(out);
}
