import { Session } from 'node:inspector/promises';

const PAGE = 4_096;

/**
 * Finds every array buffer of this process and writes to each of its pages without changing the content. Memory that
 * was allocated but never written to does not count in PSS; once a session uses it, it does.
 */
export class BufferToucher {
  #session;

  /** Collects garbage; resolves with the number of array buffers and their total size in MiB. */
  sweep() {
    return this.#each(`let bytes = 0;
      for (const buffer of this) bytes += buffer.byteLength;
      return { buffers: this.length, mb: Math.round(bytes / 2 ** 20) };`);
  }

  /** Writes to every array buffer. */
  touch() {
    return this.#each(`for (const buffer of this) {
        if (buffer.byteLength === 0) continue;
        const bytes = new Uint8Array(buffer);
        for (let at = 0; at < bytes.length; at += ${PAGE}) bytes[at] = bytes[at];
        bytes[bytes.length - 1] = bytes[bytes.length - 1];
      }`);
  }

  async #each(body) {
    this.#session ??= new Session();
    const session = this.#session;
    session.connect();
    try {
      const { result: prototype } = await session.post('Runtime.evaluate', {
        expression: 'ArrayBuffer.prototype',
      });
      const { objects } = await session.post('Runtime.queryObjects', {
        prototypeObjectId: prototype.objectId,
      });
      const { result, exceptionDetails } = await session.post('Runtime.callFunctionOn', {
        objectId: objects.objectId,
        functionDeclaration: `function () { ${body} }`,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined)
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    } finally {
      session.disconnect();
    }
  }
}
