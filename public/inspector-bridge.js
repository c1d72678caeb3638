/**
 * Passes the journal on to the vendor's inspector, which it opens in a window of its own: what
 * comes from our socket goes there, once that window says that it is ready.
 *
 * Messages from any other window or origin are ignored. Bounded: while nobody takes the messages
 * only the newest are kept.
 */
const MAX_KEPT = 2_000;

const button = document.getElementById('open-inspector');
const state = document.getElementById('bridge-state');
const inspectorUrl = button.dataset.inspector;
const { origin } = new URL(inspectorUrl);

let inspector = null;
let socket = null;
let isReady = false;
let sent = 0;
let kept = [];

button.addEventListener('click', () => {
  inspector = window.open(inspectorUrl, 'xstateinspector');
  if (inspector === null) return tell('The browser did not let the window open: allow pop-ups.');
  isReady = false;
  connect();
  tell('Waiting for the inspector.');
});

addEventListener('message', ({ source, origin: from, data }) => {
  if (source !== inspector || from !== origin || data === null) return;
  if (data.type === '@statelyai.connected') {
    isReady = true;
    for (const message of kept.splice(0)) pass(message);
    tellSent();
  } else if (data.type === '@xstate.event' && socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(data));
  }
});

function connect() {
  socket?.close();
  kept = [];
  sent = 0;
  const own = new WebSocket(button.dataset.socket);
  socket = own;
  own.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'backstep.refused') return tell(`Refused: ${message.reason}`);
    if (isReady) pass(message);
    else kept.push(message);
    if (kept.length > MAX_KEPT) kept.shift();
    if (isReady) tellSent();
  });
  own.addEventListener('close', () => {
    if (socket === own) tell('The connection to Backstep ended: open the inspector again.');
  });
}

function pass(message) {
  sent += 1;
  inspector.postMessage(message, origin);
}

function tellSent() {
  tell(`Connected: ${sent} messages passed on.`);
}

function tell(text) {
  state.textContent = text;
}
