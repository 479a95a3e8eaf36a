/**
 * A frame that a worker cannot use:
 *
 * - `bytes`: binary data that is not protobuf
 * - `text`: a text frame on a connection with binary frames
 * - `empty`: an empty binary frame
 * - `unknown`: a message of an unknown kind
 * - `oversized`: a frame of 5 MiB, larger than any job can be
 */
export type BadFrame = 'bytes' | 'text' | 'empty' | 'unknown' | 'oversized';

const OVERSIZED_BYTES = 5 * 1024 * 1024;
// Field 99 of ServerMessage, length-delimited, with two bytes.
const UNKNOWN_FIELD = [0x9a, 0x06, 0x02, 0x68, 0x69];

/** The content of a bad frame. */
export function badFrame(what: BadFrame): Uint8Array | string {
  switch (what) {
    case 'bytes':
      return new Uint8Array([0xff, 0xff, 0xff, 0xff]);
    case 'text':
      return 'Is anybody there?';
    case 'empty':
      return new Uint8Array();
    case 'unknown':
      return new Uint8Array(UNKNOWN_FIELD);
    case 'oversized':
      return new Uint8Array(OVERSIZED_BYTES);
  }
}
