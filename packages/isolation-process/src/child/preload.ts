/*
 * Comes before the user's entry in every process of calls, so it imports nothing.
 */

// The calls get as long to leave their rooms when the worker is gone. The worker's guard waits 1 s as well.
const LEAVE_MS = 900;

// Ctrl-C reaches the whole process group; the worker hears it too, and says when calls end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

// The word that this process is no longer wanted, or that nobody is there any more.
process.once('disconnect', () => {
  setTimeout(() => process.exit(), LEAVE_MS).unref();
});

// Listening alone must not keep alive an entry that ends without having run a pool.
process.channel?.unref();
