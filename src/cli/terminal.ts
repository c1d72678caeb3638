/**
 * Where the command prints: the answer on the output, everything about it on the error output.
 *
 * Invariant: what came from outside is shown with control characters spelt out, as JSON too, so
 * that no payload moves the cursor, hides a line or writes in another direction.
 */
import { createInterface } from 'node:readline/promises';
import { text as textOf } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { ClientError } from '../client.ts';
import { visibleText } from '../core/visible-text.ts';
import { exitCodeOf } from './exit-codes.ts';

/** Streams and the person before them, as a program may stand in for them. */
export interface Terminal {
  /** Prints a part of the answer as it is. */
  out(given: string): void;
  /** Prints something about it. */
  err(given: string): void;
  readonly isOutTerminal: boolean;
  /** Somebody sits there and can be asked. */
  readonly isInteractive: boolean;
  readonly hasColours: boolean;
  /** What is written to the command. */
  readInput(): Promise<string>;
  /** Asks something that is answered with yes or no. */
  ask(question: string): Promise<boolean>;
  /** Aborted when the person wants it to end; whoever asks for it ends the command by it. */
  readonly interrupted: AbortSignal;
}

/** The streams of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin } = process;
  let interrupted: AbortController | null = null;
  // Whoever reads it has seen enough.
  stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? 0 : 1),
  );
  stderr.on('error', () => {}); // whoever reads that has gone; the answer and the exit code count
  return {
    out: (given) => void stdout.write(given),
    err: (given) => void stderr.write(given),
    isOutTerminal: stdout.isTTY,
    isInteractive: stdin.isTTY && stderr.isTTY,
    hasColours: stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
    readInput: () => textOf(stdin),
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test(await lines.question(`${question} [y/N] `));
      } catch (error) {
        // Ctrl-C and Ctrl-D are a no, and leave the cursor behind the question.
        if (!(error instanceof Error && error.name === 'AbortError')) throw error;
        stderr.write('\n');
        return false;
      } finally {
        lines.close();
      }
    },
    // Only what ends by itself takes the signal over: everything else dies of it, as one expects.
    get interrupted() {
      if (interrupted === null) {
        const taken = new AbortController();
        process.once('SIGINT', () => taken.abort());
        interrupted = taken;
      }
      return interrupted.signal;
    },
  };
}

/** What a command has to say, in either form. */
export class Report {
  readonly #terminal: Terminal;
  readonly isJson: boolean;

  constructor(terminal: Terminal, isJson: boolean) {
    this.#terminal = terminal;
    this.isJson = isJson;
  }

  /** The answer: as JSON, or as lines whose words from outside went through `shownText`. */
  answer(value: unknown, lines: () => readonly string[]): void {
    const shown = this.isJson
      ? `${jsonText(value, 2)}\n`
      : lines()
          .map((line) => `${line}\n`)
          .join('');
    this.#terminal.out(shown);
  }

  /** One of an endless answer. */
  line(value: unknown, line: () => string): void {
    this.#terminal.out(this.isJson ? `${jsonText(value)}\n` : `${line()}\n`);
  }

  /** Something beside the answer that a person should know. */
  note(sentence: string): void {
    this.#terminal.err(`backstep: ${shownText(sentence)}\n`);
  }

  /** What one would do next; programs need no advice. */
  next(...commands: readonly (string | null)[]): void {
    if (this.isJson) return;
    const told = commands.filter((command) => command !== null);
    if (told.length > 0) this.#terminal.err(`next: ${told.map(shownText).join('\n      ')}\n`);
  }

  /** A text that stands out; what it says is made harmless. */
  strong(given: string): string {
    const shown = shownText(given);
    return this.#terminal.hasColours ? styleText('bold', shown, { validateStream: false }) : shown;
  }

  /** The status of a saga, in the colour of what it asks for. */
  status(status: string): string {
    if (!this.#terminal.hasColours) return shownText(status);
    return styleText(colourOf(status), shownText(status), { validateStream: false });
  }
}

/** Tells an error, and gives its exit code. */
export function tellError(terminal: Terminal, isJson: boolean, error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  const details = error instanceof ClientError ? error : null;
  if (isJson) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    const { status = null, legal = [], kept = [], issues = [] } = details ?? {};
    const told = { code: code ?? 'failed', message, status, legal, kept, issues };
    terminal.err(errorAsJson(told));
    return exitCodeOf(error);
  }
  terminal.err(`backstep: ${shownText(message)}\n`);
  if (details?.status === 401) {
    terminal.err(
      '  the token is missing or wrong: set BACKSTEP_TOKEN, or name its file with --token-file\n',
    );
  }
  for (const { path, message: what } of details?.issues ?? []) {
    const issue = path === '' ? what : `${path}: ${what}`;
    // The message of the first is that of the whole, with its place or without.
    const isTold = [issue, what, `input: ${what}`].includes(message);
    if (!isTold) terminal.err(`  ${shownText(issue)}\n`);
  }
  const { legal = [] } = details ?? {};
  if (legal.length > 0 && !message.includes('legal now: '))
    terminal.err(`  legal now: ${shownText(legal.join(', '))}\n`);
  return exitCodeOf(error);
}

/** What `--json` tells of an error. */
interface ToldError {
  readonly code: unknown;
  readonly message: string;
  readonly status: number | null;
  readonly legal: readonly string[];
  readonly kept: readonly string[];
  readonly issues: readonly object[];
}

/** A command line that cannot be meant, as JSON on a line of its own. */
export function usageAsJson(message: string): string {
  return errorAsJson({ code: 'usage', message, status: null, legal: [], kept: [], issues: [] });
}

function errorAsJson(error: ToldError): string {
  return `${jsonText({ error })}\n`;
}

/** Text from outside, on one line and harmless. */
export function shownText(given: string): string {
  return visibleText(given.replaceAll(/\s*\n\s*/g, ' '));
}

/** JSON that is harmless on a terminal, and says the same. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  // C0 is spelt out by JSON itself, but for the line breaks between its lines.
  return text.replaceAll(/[\u{7f}-\u{9f}\p{Cf}\p{Zl}\p{Zp}]/gu, (each) =>
    Array.from({ length: each.length }, (_, index) => {
      const unit = each.charCodeAt(index).toString(16).padStart(4, '0');
      return `\\u${unit}`;
    }).join(''),
  );
}

function colourOf(status: string): 'red' | 'green' | 'yellow' | 'cyan' {
  switch (status) {
    case 'compensation_failed':
    case 'failed':
    case 'parked':
      return 'red';
    case 'completed':
      return 'green';
    case 'compensated':
    case 'terminated':
    case 'compensating':
      return 'yellow';
    default:
      return 'cyan';
  }
}
