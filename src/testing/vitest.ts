/**
 * `import 'backstep/testing/vitest'` once, in a test or a setup file, and vitest's `expect` knows
 * the saga matchers.
 */
import { expect } from 'vitest';
import { type SagaMatchers, sagaMatchers } from './matchers.ts';

declare module 'vitest' {
  // The parameters must be declared as vitest declares them.
  interface Matchers<
    R extends void | Promise<void> = void | Promise<void>,
    T = unknown,
  > extends SagaMatchers<R> {}
}

expect.extend(sagaMatchers);
