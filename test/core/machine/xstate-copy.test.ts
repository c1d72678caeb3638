/** Two copies of XState in one program. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createMachine } from 'xstate';
import { createMachine as createOlder } from 'xstate-lowest';
import { durable } from '../../../src/core/define/durable.ts';

const DRAWN = { id: 'm', initial: 'a', states: { a: { type: 'final' } } } as const;

test('a machine of another version is refused in one sentence, wherever it stands', () => {
  const older = createOlder(DRAWN);
  const says = 'machine "m": it comes from another version of XState than the one';
  expect(() => durable(older as never)).toThrow(says);
  const around = createMachine({ id: 'around', invoke: { id: 'm', src: older as never } });
  expect(() => durable(around)).toThrow('comes from another version of XState');
});

test('a machine of another copy of the same version is taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-xstate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const entry = fileURLToPath(import.meta.resolve('xstate'));
  cpSync(join(dirname(entry), '..'), folder, { recursive: true });
  const copy = pathToFileURL(entry.replace(dirname(entry), join(folder, 'dist'))).href;
  const other = (await import(/* @vite-ignore */ copy)) as { createMachine: typeof createMachine };
  const machine = other.createMachine(DRAWN);
  expect(machine.constructor).not.toBe(createMachine(DRAWN).constructor);
  expect(durable(machine).id).toBe('m');
});
