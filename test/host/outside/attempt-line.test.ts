/** Who gets the next place where attempts wait for one. */
import { expect, test } from 'vitest';
import { AttemptLine } from '../../../src/host/outside/attempt-line.ts';

function lineOf(foreground: readonly string[], background: readonly string[]) {
  const line = new AttemptLine<string>();
  for (const name of background) line.put(name, `task ${name}`, true);
  for (const name of foreground) line.put(name, `task ${name}`, false);
  return line;
}

function takenFrom(line: AttemptLine<string>): readonly string[] {
  const names: string[] = [];
  for (let next = line.take(); next !== undefined; next = line.take()) names.push(next[0]);
  return names;
}

test('each line in the order of who came, and both by turns', () => {
  const line = lineOf(['a', 'b', 'c', 'd'], ['1', '2', '3']);
  expect(line.size).toBe(7);
  expect(takenFrom(line)).toEqual(['a', '1', 'b', '2', 'c', '3', 'd']);
  expect(line.size).toBe(0);
});

test('one line alone gets every place, and another that comes is next', () => {
  const line = lineOf([], ['1', '2', '3', '4']);
  expect(line.take()).toEqual(['1', 'task 1']);
  expect(line.take()).toEqual(['2', 'task 2']);
  line.put('a', 'task a', false);
  expect(takenFrom(line)).toEqual(['a', '3', '4']);
});

test('nobody that was stopped', () => {
  const line = lineOf(['a', 'b'], ['1', '2']);
  line.delete('a');
  line.delete('1');
  line.delete('none');
  expect(takenFrom(line)).toEqual(['b', '2']);
});
