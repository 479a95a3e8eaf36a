import { main } from './main.js';

// The reader of our output may go away, as in `openrtc list | head -1`. That is not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// Handles that the user's modules keep open must not keep the command running.
process.exit(await main(process.argv.slice(2)));
