/** Alerts from a file: what it may say, and that a refusal shows nothing of what stands in it. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readAlertsFile } from '../../../src/host/alerts/alert-file.ts';
import { checkedAlerts } from '../../../src/host/alerts/alert-rules.ts';
import { temporaryFolder } from '../../store/store-fixture.ts';
import { SECRET } from './killed-alerts.ts';

const rules = [{ name: 'letters', when: { kind: 'dead-letter' } }];
const url = 'https://desk.example/hook?key=hunter2';

function written(text: unknown): string {
  const path = join(temporaryFolder(), 'alerts.json');
  writeFileSync(path, typeof text === 'string' ? text : JSON.stringify(text));
  return path;
}

it('a secret is read from the file that a target names, beside it or by a whole path', async () => {
  const path = written({
    rules,
    targets: { desk: { url, secretFile: 'desk.secret' }, other: { url, secret: SECRET } },
  });
  writeFileSync(join(dirname(path), 'desk.secret'), `${SECRET}\n`);
  const options = await readAlertsFile(path);
  expect(options).toEqual({
    rules,
    targets: { desk: { url, secret: SECRET }, other: { url, secret: SECRET } },
  });
  expect(checkedAlerts(options, 'embedded').targets.size).toBe(2);
  const whole = written({
    rules,
    targets: { desk: { url, secretFile: join(dirname(path), 'desk.secret') } },
  });
  expect((await readAlertsFile(whole)).targets).toEqual({ desk: { url, secret: SECRET } });
});

it.each([
  ['no JSON', '{"rules": hunter2', 'alerts.json is not JSON'],
  ['a list', '["hunter2"]', 'has no object with rules and targets'],
  ['a secret twice', { targets: { desk: { secret: 'hunter2', secretFile: 'x' } } }, 'give one of'],
  [
    'a secret file that is none',
    { targets: { desk: { secretFile: 7 } } },
    'targets.desk: give one',
  ],
  [
    'a secret file that is not there',
    { targets: { desk: { url, secretFile: 'none' } } },
    /^the secret of target desk cannot be read from .*none: ENOENT$/,
  ],
])('%s is refused by its place', async (_, text, why) => {
  const refused = readAlertsFile(written(text));
  await expect(refused).rejects.toMatchObject({ code: 'input-invalid' });
  await expect(refused).rejects.toThrow(why);
  await expect(refused).rejects.not.toThrow('hunter2');
});

it.each([
  [{ rules: 'hunter2', targets: {} }, 'rules'],
  [{ rules, targets: { desk: 'hunter2' } }, 'desk'],
  [{ rules, targets: { desk: { url: 'ftp://hunter2', secret: SECRET } } }, 'desk'],
  [{ rules: [{ name: 'x', when: { kind: 'hunter2' } }], targets: {} }, 'when'],
])('what it says is checked where it is given to: %o', async (text, place) => {
  const options = await readAlertsFile(written(text));
  expect(() => checkedAlerts(options, 'embedded')).toThrow(place);
});

it('a file that is not there is refused by its path', async () => {
  const path = join(temporaryFolder(), 'none.json');
  await expect(readAlertsFile(path)).rejects.toThrow(
    `the alerts cannot be read from ${path}: ENOENT`,
  );
});
