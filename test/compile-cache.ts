/** Where the programs that tests start keep what Node made of their sources. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const COMPILE_CACHE =
  process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), 'backstep-compile-cache');
