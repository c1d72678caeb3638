/**
 * The programs and the sessions that a text in Markdown shows.
 *
 * A program is a `ts` block that opens with its file's name: `// saga.ts`. A session is a `console`
 * block: lines with `$ ` are commands, the lines below one are what it prints, in which `…` stands
 * for any text and a line of it for any lines.
 */

/** What a text shows. */
export interface Documented {
  readonly programs: readonly Program[];
  readonly sessions: readonly Session[];
}

/** A file that the reader writes. */
export interface Program {
  readonly file: string;
  readonly text: string;
}

/** A command that the reader runs. */
export interface Session {
  readonly command: string;
  readonly prints: string;
}

/** Reads a text. Throws for a program without a name and for one of a name that was there. */
export function documentedIn(markdown: string): Documented {
  const programs: Program[] = [];
  const sessions: Session[] = [];
  for (const [, language, text = ''] of markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
    if (language === 'ts') programs.push(programOf(text, programs));
    if (language === 'console') sessions.push(...sessionsOf(text));
  }
  return { programs, sessions };
}

/** A command and what it must print below it. */
export function printed(command: string, prints: string): RegExp {
  const lines = `$ ${command}\n${prints}`.split('\n').map((line) => {
    if (line === '…') return '(?:.*\n)*?.*';
    return line.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll('…', '.+');
  });
  return new RegExp(`^${lines.join('\n')}$`);
}

function programOf(text: string, before: readonly Program[]): Program {
  const file = /^\/\/ ([\w./-]+\.ts)\n/.exec(text)?.[1];
  if (file === undefined) throw new Error(`a program has no name: ${text.slice(0, 100)}`);
  if (before.some((each) => each.file === file)) throw new Error(`two programs are "${file}"`);
  return { file, text };
}

function sessionsOf(text: string): Session[] {
  return text
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const [command = '', ...prints] = part.trimEnd().split('\n');
      return { command, prints: prints.join('\n') };
    });
}
