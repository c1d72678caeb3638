/**
 * Says in the page's header whether what it shows is live. Everything else is htmx.
 */
document.addEventListener('htmx:ws:after:connection', () => show('live', true));
document.addEventListener('htmx:ws:close', (event) => {
  // Replaced sockets close too; the new one reports itself.
  if (event.detail.reason !== 'removed') show('not live: connecting again', false);
});

function show(text, isLive) {
  const state = document.getElementById('live-state');
  if (state === null) return;
  state.textContent = text;
  state.classList.toggle('is-live', isLive);
}
