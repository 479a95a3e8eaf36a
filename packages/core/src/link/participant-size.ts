// The server closes a connection after a frame of 2 MiB, and everyone in the room receives what this frame has.
const MAX_BYTES = 64 * 1024;

/** The size of a participant in bytes when it is more than an answer to LiveKit may have; undefined when it fits. */
export function tooManyBytes(
  identity: string,
  name: string,
  attributes: Readonly<Record<string, string>>,
): number | undefined {
  const bytes = Buffer.byteLength(JSON.stringify([identity, name, attributes]));
  return bytes > MAX_BYTES ? bytes : undefined;
}
