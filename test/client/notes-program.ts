/** A program with a saga that waits for lines, and its server on a port, which can be restarted. */
import { z } from 'zod';
import { defineSaga, openBackstep } from '../../src/index.ts';
import { serveBackstep } from '../../src/server.ts';

export const notes = defineSaga({
  id: 'notes',
  input: z.object({ name: z.string() }),
  activities: {} as Record<string, never>,
  events: { write: z.object({ line: z.string() }), close: z.object({}) },
})
  .wait('writing', { on: { write: 'continue' }, within: '30d' })
  .wait('closing', { on: { close: 'continue' }, within: '30d' })
  .output(({ input }) => input.name)
  .build();

export interface NotesProgram {
  readonly port: number;
  stop(): Promise<void>;
}

/** Runs it. `port` 0: any. */
export async function runNotes(database: string, port = 0): Promise<NotesProgram> {
  const backstep = await openBackstep({ database });
  backstep.register(notes, { activities: {} });
  await backstep.start();
  const server = await serveBackstep({ backstep, port });
  return {
    port: Number(new URL(server.url).port),
    async stop() {
      await server.stop();
      await backstep.stop({ within: 0 });
    },
  };
}
