/** Addresses of servers. */
import { BackstepError } from './errors.ts';

/** Whether that can be asked over HTTP. A bare `localhost:8080` is a URL too, of a scheme `localhost:`. */
export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Throws `input-invalid` for anything else, and for one with a name or a password, which `fetch` refuses. */
export function assertHttpUrl(text: string): void {
  if (!isHttpUrl(text)) {
    throw new BackstepError('input-invalid', `"${text}" is no URL, such as http://10.0.0.7:8080`);
  }
  const { username, password, host } = new URL(text);
  if (username === '' && password === '') return;
  // Not as it was given: errors are logged and shown.
  throw new BackstepError('input-invalid', `the address of ${host} must have no name or password`);
}
