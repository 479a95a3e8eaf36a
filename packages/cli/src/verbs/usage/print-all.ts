import { exitCode } from '../../exit-code.js';
import { type Host, type HostOutput, writeMessage } from '../../host.js';

const CHUNK_CHARACTERS = 64 * 1_024;

/**
 * Writes everything to stdout, and waits for it.
 * @returns the exit code: failed when it could not be written. A reader that has enough, such as `head`, is no failure.
 */
export async function printAll(
  host: Pick<Host, 'stdout' | 'stderr'>,
  parts: Iterable<string>,
): Promise<number> {
  let chunk = '';
  // It stays: the stream reports an error once more after it has told the writer.
  host.stdout.on('error', () => {});
  try {
    for (const part of parts) {
      chunk += part;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      await write(host.stdout, chunk);
      chunk = '';
    }
    await write(host.stdout, chunk);
    return exitCode.done;
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === 'EPIPE') return exitCode.done;
    writeMessage(host, `the result could not be written (${code})`);
    return exitCode.failed;
  }
}

function write(stream: HostOutput, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
