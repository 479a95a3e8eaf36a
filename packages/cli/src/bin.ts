import { main } from './main.js';

// The reader of our output may go away, as in `openrtc list | head -1`. That is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A worker goes on without its output: it listens too, see withoutOutput().
    if (error.code !== 'EPIPE' && stream.listenerCount('error') === 1) throw error;
  });
}

// Handles that the user's modules keep open must not keep the command running.
process.exit(await main(process.argv.slice(2)));
