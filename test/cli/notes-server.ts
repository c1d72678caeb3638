/** A server of notes that command lines are typed at, and its database. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBackstep } from '../../src/index.ts';
import { serveBackstep } from '../../src/server.ts';
import { notes } from '../client/notes-program.ts';
import { jsonOf, type Ran, typed, type Typing } from './typed-commands.ts';

export const TOKEN = 'a-token-that-is-long-enough-to-be-one';

export interface NotesServer {
  readonly url: string;
  /** For files beside the database, which goes with it. */
  readonly folder: string;
  readonly database: string;
  /** Types a command at it. */
  run(args: readonly string[], typing?: Typing): Promise<Ran>;
  /** Starts notes of that name and key. */
  started(name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function notesServer(): Promise<NotesServer> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-operating-'));
  const database = join(folder, 'notes.db');
  const backstep = await openBackstep({
    database,
    alerts: { rules: [], targets: { desk: () => {} }, gather: 0 },
  });
  backstep.register(notes, { activities: {} });
  await backstep.start();
  const server = await serveBackstep({ backstep, port: 0, token: TOKEN });
  const { url } = server;
  const run = (args: readonly string[], typing: Typing = {}): Promise<Ran> =>
    typed(args, { ...typing, env: { BACKSTEP_URL: url, BACKSTEP_TOKEN: TOKEN, ...typing.env } });
  return {
    url,
    folder,
    database,
    run,
    async started(name) {
      const input = JSON.stringify({ name });
      const args = ['start', 'notes', '--input', input, '--key', name, '--json'];
      return (jsonOf(await run(args)) as { id: string }).id;
    },
    async stop() {
      await server.stop();
      await backstep.stop({ within: 0 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
