/** The programs of the guide's chapter on many machines, as they stand, over a real Restate server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../ports.ts';
import { describeOnRestate, restateServer } from '../restate/rig.ts';
import { usePackedProject } from './packed-project.ts';

const SESSION_MS = 120_000;

const project = usePackedProject(['public/guide/13-many-machines.md'], ['@restatedev/restate-sdk']);

/** Starts a program of the chapter, and gives its first line and how to end it. */
async function started(file: string, env: Readonly<Record<string, string>>): Promise<Program> {
  const child = spawn(process.execPath, [file], {
    cwd: project.manuals[0]?.folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const [says] = await Promise.race([
    line,
    ended.then(() => Promise.reject(new Error(`${file} ended before it said anything`))),
  ]);
  return { child, says, ended };
}

interface Program {
  readonly child: ChildProcess;
  readonly says: string;
  /** With its exit code first. */
  readonly ended: Promise<readonly unknown[]>;
}

describeOnRestate('the chapter on many machines', () => {
  test(
    'runs a saga in its worker, shows it in its face, and ends both when told',
    async () => {
      const server = await restateServer();
      const worker = await started('worker.ts', { PORT: '0' });
      const port = /^working on port (\d+)$/.exec(worker.says)?.[1];
      await server.register(`http://127.0.0.1:${port}`);
      const face = await started('face.ts', {
        INGRESS: server.ingress,
        ADMIN: server.admin,
        LISTEN: String(await freePort()),
        PORT: '0',
      });
      const url = /^shown at (\S+)$/.exec(face.says)?.[1] ?? '';

      const answer = await fetch(`${url}/api/sagas/trip?wait=20s`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: { trip: 't-1' } }),
      });
      expect(answer.status).toBe(200);
      const saga = (await answer.json()) as { readonly id: string };
      expect(saga).toMatchObject({ status: 'completed' });
      const shown = await fetch(`${url}/api/sagas/${saga.id}`);
      expect(await shown.text()).toContain('room for t-1');
      const page = await fetch(`${url}/sagas/${saga.id}`);
      expect(await page.text()).toContain('bookHotel');
      const health = await fetch(`${url}/api/health`);
      expect(health.status).toBe(200);

      for (const { child, ended } of [face, worker]) {
        child.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
      }
    },
    SESSION_MS,
  );
});
