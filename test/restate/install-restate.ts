/** Fetches a Restate server where there is none, before `npm test`. */
import { fetchForTests } from '../fetched-package.ts';
import { findRestate, isSwitchedOff, RESTATE_PACKAGE } from './find-restate.ts';

if (!isSwitchedOff(process.env) && findRestate(process.env) === null) {
  fetchForTests(RESTATE_PACKAGE);
}
