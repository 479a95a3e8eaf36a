import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';

/** The ports one livekit-server needs on the loopback interface. */
export interface ServerPorts {
  /** HTTP API and WebSocket signalling. */
  signal: number;
  /** WebRTC over TCP. */
  rtcTcp: number;
  /** WebRTC over UDP, all callers on one port. */
  rtcUdp: number;
}

/** Three ports that are free now. Another program may take one before the server does, so be ready to retry. */
export async function freePorts(): Promise<ServerPorts> {
  const [signal, rtcTcp, rtcUdp] = await Promise.all([freeTcpPort(), freeTcpPort(), freeUdpPort()]);
  return { signal, rtcTcp, rtcUdp };
}

/** A port that is free now. */
export function freeTcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createSocket('udp4');
    probe.once('error', reject);
    probe.bind(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
