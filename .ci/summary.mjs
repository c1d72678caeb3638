/**
 * Counts what the reports of vitest say, names whatever did not pass, and says what vitest itself
 * said of it, so that the end of the output tells why a run failed.
 *
 * `node .ci/summary.mjs <status> <folder>`: the exit code of the runs, and a folder that holds
 * `<run>.json` and `<run>.log` of each. The last line is "N passed, N failed".
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const RUNS = ['test', 'long'];
const MOST_LINES = 60;

const [status, folder] = process.argv.slice(2);
let [passed, skipped, failed] = [0, 0, 0];

for (const run of RUNS) {
  const report = reportOf(run);
  // A run that broke before its report counts as one failure, so that the line never looks green.
  if ((report.numPassedTests ?? 0) === 0) failed += 1;
  passed += report.numPassedTests ?? 0;
  skipped += (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  failed += report.numFailedTests ?? 0;
  if (report.success !== true) tell(run, report);
}
if (failed === 0 && status !== '0') failed = 1;
// A test that was skipped tried nothing: the fault it stands for counts as untried.
failed += skipped;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 ? 1 : 0);

function reportOf(run) {
  try {
    return JSON.parse(readFileSync(join(folder, `${run}.json`), 'utf8'));
  } catch (error) {
    console.error(`no report of ${run}: ${error.message}`);
    return {};
  }
}

/** Names the tests of a run that did not pass; those of a file that crashed are `skipped`, too. */
function tell(run, { testResults = [] }) {
  for (const file of testResults) {
    if (file.status !== 'failed') continue;
    console.log(`\n${file.name}: ${file.message || file.status}`);
    const others = file.assertionResults.filter((test) => test.status !== 'passed');
    for (const test of others.slice(0, MOST_LINES)) {
      console.log(`  ${test.status}: ${test.fullName}`);
      for (const message of test.failureMessages) console.log(`    ${message}`);
    }
  }
  const log = join(folder, `${run}.log`);
  if (!existsSync(log)) return;
  // What stands behind the last test: failed files, errors of workers that crashed.
  const lines = readFileSync(log, 'utf8').split('\n');
  const from = lines.findIndex((line) => line.includes('⎯⎯⎯'));
  if (from >= 0) console.log(['', ...lines.slice(from, from + MOST_LINES)].join('\n'));
}
