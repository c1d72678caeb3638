/** A log that cannot be written loses lines, and nothing else. */
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type DescriptorWrites, logDestination } from '../../src/demo/server-log.ts';
import { temporaryFolder } from '../store/store-fixture.ts';

const FD = 7;
const loss = (dropped: number): string => `lost ${dropped}\n`;

/** A descriptor that takes so many bytes and then fails, until a test says otherwise. */
class Descriptor implements DescriptorWrites {
  text = '';
  room = Infinity;
  code = 'ENOSPC';
  readonly #calls: (() => void)[] = [];

  write: DescriptorWrites['write'] = (_, bytes, done) => {
    this.#calls.push(() => {
      const taken = this.#take(bytes);
      if (taken === null) done(this.#error(), 0);
      else done(null, taken);
    });
  };

  writeSync = (_: number, bytes: Uint8Array): number => {
    const taken = this.#take(bytes);
    if (taken === null) throw this.#error();
    return taken;
  };

  /** Carries out what was asked for. */
  run(): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call();
  }

  #take(bytes: Uint8Array): number | null {
    if (this.room === 0) return null;
    const taken = bytes.subarray(0, this.room);
    this.text += Buffer.from(taken).toString();
    this.room -= taken.length;
    return taken.length;
  }

  #error(): NodeJS.ErrnoException {
    return Object.assign(new Error(this.code), { code: this.code });
  }
}

test.each(['ENOSPC', 'EPIPE', 'EBADF', 'EIO', 'EDQUOT'])(
  'with %s lines are dropped and counted, and the log says so once it can be written',
  (code) => {
    const descriptor = new Descriptor();
    const log = logDestination(FD, loss, descriptor);
    log.write('one\n');
    descriptor.run();
    Object.assign(descriptor, { code, room: 0 });
    for (const line of ['two\n', 'three\n']) {
      log.write(line);
      descriptor.run();
    }
    expect(log.dropped()).toBe(2);
    descriptor.room = Infinity;
    log.write('four\n');
    log.write('five\n');
    descriptor.run();
    expect(descriptor.text).toBe('one\nlost 2\nfour\nfive\n');
    expect(log.dropped()).toBe(2);
  },
);

test('a line that was cut off by a full disk does not spoil the next one', () => {
  const descriptor = new Descriptor();
  const log = logDestination(FD, loss, descriptor);
  descriptor.room = 3;
  log.write('abcdef\n');
  descriptor.run();
  expect(log.dropped()).toBe(1);
  descriptor.room = Infinity;
  log.write('next\n');
  descriptor.run();
  expect(descriptor.text).toBe('abc\nlost 1\nnext\n');
});

test('a reader that does not read costs a bounded memory', () => {
  const descriptor = new Descriptor();
  const log = logDestination(FD, loss, descriptor);
  const line = `${'x'.repeat(1_000_000)}\n`;
  for (let count = 0; count < 10; count++) log.write(line);
  expect(log.dropped()).toBe(5);
  descriptor.run();
  expect(descriptor.text.length).toBeGreaterThan(5_000_000);
});

test('at the end what waits is written, or lost without a word', () => {
  const descriptor = new Descriptor();
  const log = logDestination(FD, loss, descriptor);
  log.write('under way\n');
  log.write('waits\n');
  log.flush();
  expect(descriptor.text).toBe('waits\n');
  descriptor.room = 0;
  log.write('late\n');
  expect(() => log.flush()).not.toThrow();
});

test('a file gets the lines in their order', async () => {
  const path = join(temporaryFolder(), 'log');
  const log = logDestination(openSync(path, 'a'), loss);
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}\n`);
  for (const line of lines) log.write(line);
  await expect.poll(() => readFileSync(path, 'utf8')).toBe(lines.join(''));
  expect(log.dropped()).toBe(0);
});
