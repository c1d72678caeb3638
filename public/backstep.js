/**
 * What no server can do: says whether the page is live and that nobody answers, and shows times
 * relative to now.
 *
 * Times are rendered as clock times (`time.when`, `time.due`), so that an update resends only what
 * changed; here they become "3 min ago" and "in 1.3 s". Everything else is htmx.
 */
const SECOND_MS = 1000;
const TICK_MS = 100;
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', SECOND_MS],
];

let isChartPlaced = false;
let isLeaving = false;

/** What the server's clock is ahead of this one. */
const aheadMs = Number(document.documentElement.dataset.now) - Date.now();

document.addEventListener('submit', ({ target }) => {
  isLeaving ||= target.matches('.log-out'); // its own way to the login is under way
});
document.addEventListener('htmx:ws:after:connection', () => show('live', true));
document.addEventListener('htmx:ws:close', (event) => {
  // Replaced sockets close too; the new one reports itself.
  if (event.detail.reason === 'removed') return;
  show('not live: connecting again', false);
  if (!isLeaving) void leaveIfLoggedOut();
});

// Nobody answered, so nobody else can say it. A refusal is an answer, which htmx shows itself. Live
// updates of the same place leave the note, until its form is tried again.
const unheard = new Map();
document.addEventListener('htmx:error', ({ detail: { ctx } }) => {
  if (ctx?.text !== undefined || !ctx?.target) return;
  const note = unanswered();
  unheard.set(ctx.target, note);
  ctx.target.replaceChildren(note);
});
document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  unheard.delete(ctx?.target);
});

// A slider moves its form on; without script there is a button.
document.addEventListener('input', ({ target }) => {
  const output = target.dataset.submits === undefined ? null : target.form.querySelector('output');
  if (output !== null) output.textContent = target.value;
});
document.addEventListener('change', ({ target }) => {
  if (target.dataset.submits !== undefined) target.form.requestSubmit();
});

for (const form of document.querySelectorAll('form[data-choose]')) letChooseAll(form);
showPlace(document.querySelector('.pages [aria-current]'));

refresh();
setInterval(() => showTimes('time.when, time.due'), SECOND_MS);
setInterval(() => showTimes('time.due'), TICK_MS);
// Before it is painted: an update brings clock times again.
new MutationObserver(refresh).observe(document.body, {
  childList: true,
  characterData: true,
  subtree: true,
});

/** On a narrow screen the navigation is one long row. */
function showPlace(link) {
  if (link === null) return;
  const row = link.closest('ul');
  row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

function show(text, isLive) {
  const state = document.getElementById('live-state');
  if (state === null) return;
  state.textContent = text;
  state.classList.toggle('is-live', isLive);
}

/** A refused socket does not say why. Who is no longer let in should not go on reading old news. */
async function leaveIfLoggedOut() {
  const look = { method: 'HEAD', cache: 'no-store' };
  const { href } = document.querySelector('link[rel=stylesheet]');
  const answer = await fetch(href, look).catch(() => null); // null: it is away
  if (answer?.status === 401) location.reload();
}

function unanswered() {
  const note = document.createElement('p');
  note.className = 'note tone-bad';
  note.setAttribute('role', 'alert');
  const icon = document.createElement('span');
  icon.className = 'icon';
  icon.ariaHidden = 'true';
  icon.textContent = '✗';
  const words = 'The server does not answer. Whether it got this, nobody knows. Try again.';
  note.append(icon, ` ${words}`);
  return note;
}

function refresh() {
  for (const [place, note] of unheard) if (!note.isConnected) place.prepend(note);
  showTimes('time.when, time.due');
  lightChart();
}

/** The list of lit states is live; the drawing follows it, attempts and countdowns included. */
function lightChart() {
  const items = document.querySelectorAll('#chart-states [data-light]');
  const lit = new Map([...items].map((item) => [item.dataset.state, item]));
  for (const state of document.querySelectorAll('#chart [data-state]')) {
    const item = lit.get(state.dataset.state);
    const light = item?.dataset.light ?? '';
    const note = state.querySelector(':scope > .note-text');
    if (note !== null) write(note, noteOf(state, lit));
    if (state.dataset.light === light) continue;
    state.dataset.light = light;
    state.querySelector('.light-icon').textContent = item?.querySelector('.icon').textContent ?? '';
  }
  placeChart();
}

/** What is under way in a state, or in one that it holds while it is closed. */
function noteOf(state, lit) {
  const ids = [state.dataset.state, ...JSON.parse(state.dataset.holds)];
  const notes = ids.map((id) => lit.get(id)?.querySelector('.note-text').textContent.trim() ?? '');
  return notes.find((note) => note !== '') ?? '';
}

/** At first, the chart shows where the saga is; then it stays as a person scrolls it. */
function placeChart() {
  const lit = (which) => [...document.querySelectorAll(`#chart ${which}`)].at(-1);
  const active = lit("[data-light='active']") ?? lit("[data-light]:not([data-light=''])");
  // A definition without a saga begins where its sagas do.
  const isAlone = document.getElementById('chart-states') === null;
  const place = active ?? (isAlone ? document.querySelector('#chart .start') : null);
  if (isChartPlaced || place === null || place === undefined) return;
  isChartPlaced = true;
  const frame = place.closest('.chart');
  const [outer, inner] = [frame.getBoundingClientRect(), place.getBoundingClientRect()];
  // A start is followed to the right and down; around a state there is as much before as after.
  const share = active === undefined ? 0.2 : 0.5;
  frame.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width * share);
  frame.scrollTop += inner.top + inner.height / 2 - (outer.top + outer.height / 2);
}

/** One tick for all rows of a list, and how many are ticked in words. */
function letChooseAll(form) {
  const all = form.querySelector('[data-choose-all]');
  if (all === null) return;
  all.hidden = false;
  const whole = all.querySelector('input');
  const boxes = [...form.querySelectorAll('td input[type=checkbox]')];
  const chosen = form.querySelector('[data-chosen]');
  const tell = () => {
    const count = boxes.filter((box) => box.checked).length;
    whole.checked = count === boxes.length;
    whole.indeterminate = count > 0 && count < boxes.length;
    const text =
      count === 0 ? 'the chosen ones' : count === 1 ? 'the one chosen' : `the ${count} chosen`;
    chosen.textContent = text;
    // What would act on nothing is not offered.
    for (const button of form.querySelectorAll('[name=command]')) {
      button.disabled = count === 0 && chosen.selected;
    }
  };
  whole.addEventListener('change', () => {
    for (const box of boxes) box.checked = whole.checked;
  });
  form.addEventListener('change', tell);
  tell(); // the browser keeps ticks over a reload
}

function showTimes(selector) {
  const nowMs = Date.now() + aheadMs;
  for (const time of document.querySelectorAll(selector)) {
    const timeMs = Date.parse(time.dateTime);
    const isDue = time.classList.contains('due');
    write(time, isDue ? dueText(time, timeMs, nowMs) : agoText(nowMs - timeMs));
  }
}

/** In a past view, what was left at that turn. */
function dueText(time, timeMs, nowMs) {
  const asOf = time.closest('[data-as-of]')?.dataset.asOf;
  const leftMs = timeMs - (asOf === undefined ? nowMs : Date.parse(asOf));
  switch (time.dataset.manner) {
    case 'ends':
      return leftMs <= 0 ? 'ends now' : `ends ${untilText(leftMs)}`;
    case 'still': // nothing counts down, but the time passes
      return leftMs <= 0
        ? 'is up; that counts once it goes on'
        : `ends at ${time.dateTime.slice(11, 19)}`;
    default:
      return untilText(leftMs);
  }
}

/** Only what differs: each change of the page is looked at again. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function agoText(ageMs) {
  if (ageMs < SECOND_MS) return 'now';
  return `${inUnits(ageMs, 0)} ago`;
}

function untilText(leftMs) {
  if (leftMs <= 0) return 'due now';
  return `in ${inUnits(leftMs, leftMs < 10 * SECOND_MS ? 1 : 0)}`;
}

function inUnits(ms, digits) {
  const index = UNITS.findIndex(([, least]) => ms >= least);
  const [unit, size] = UNITS[index] ?? ['s', SECOND_MS];
  const count = ms / size;
  if (digits > 0) return `${count.toFixed(digits)} ${unit}`;
  // Hours and days are too coarse alone.
  const [finer, finerSize] = UNITS[index + 1] ?? [];
  const rest = size < 3_600_000 ? 0 : Math.floor((ms % size) / finerSize);
  return `${Math.floor(count)} ${unit}${rest === 0 ? '' : ` ${rest} ${finer}`}`;
}
