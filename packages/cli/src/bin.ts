import { main } from './main.js';

// Who reads our output may go away, `openrtc list | head -1`: that is no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// What the user's modules have opened must not hold up the end of the command.
process.exit(await main(process.argv.slice(2)));
