/**
 * Preloaded into a process of a test (`--import`), it does what careless user code does: at
 * SIGUSR2 a promise is rejected that nobody waits for.
 */
process.on('SIGUSR2', () => {
  void Promise.reject(new Error('careless: nobody waits for me'));
});
