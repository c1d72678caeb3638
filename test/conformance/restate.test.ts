/** The host over Restate keeps the promises of the embedded one. */
import { CASES } from './cases.ts';
import { OVER_SQLITE } from './embedded-hosts.ts';
import { overRestate } from './restate-host.ts';
import { conforms } from './suite.ts';

conforms(overRestate(), CASES, OVER_SQLITE);
