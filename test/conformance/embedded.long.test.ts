/** Every case over the host that the others are held against. */
import { CASES } from './cases.ts';
import { OVER_SQLITE } from './embedded-hosts.ts';
import { conformsByItself } from './suite.ts';

conformsByItself(OVER_SQLITE, CASES);
