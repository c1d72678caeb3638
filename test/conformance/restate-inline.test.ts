/** The host over Restate whose calls make short attempts themselves: what differs is the steps. */
import { CASES } from './cases.ts';
import { STEP_CASES } from './cases/steps.ts';
import { OVER_SQLITE } from './embedded-hosts.ts';
import { overRestate } from './restate-host.ts';
import { conforms, IS_WHOLE } from './suite.ts';

const host = overRestate('on Restate, inline', { inlineAttempts: { upTo: '10s' } });
conforms(host, IS_WHOLE ? CASES : STEP_CASES, OVER_SQLITE);
