/*
 * Runs before the user's entry in every call process, so it imports nothing.
 */

// Time for calls to leave their rooms after the worker has ended. The guard of the worker waits 1 s.
const LEAVE_MS = 900;

// Ctrl-C reaches the whole process group. The worker gets it too and decides when calls end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)
  process.on(signal, () => {});

// The worker no longer needs this process, or has ended.
process.once('disconnect', () => {
  setTimeout(() => process.exit(), LEAVE_MS).unref();
});

// The listener alone must not keep alive an entry that does not run a pool.
process.channel?.unref();
