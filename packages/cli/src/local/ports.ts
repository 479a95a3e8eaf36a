import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer } from 'node:net';

/** The ports of a livekit-server. */
export interface ServerPorts {
  readonly signal: number;
  readonly rtcTcp: number;
  readonly rtcUdp: number;
}

// The defaults that clients expect.
const DEFAULT_PORTS: ServerPorts = { signal: 7880, rtcTcp: 7881, rtcUdp: 7882 };

/** LiveKit's default ports where they are free, else other free ones. They may be taken before the server uses them. */
export async function serverPorts(preferred: ServerPorts = DEFAULT_PORTS): Promise<ServerPorts> {
  const [signal, rtcTcp, rtcUdp] = await Promise.all([
    tcpPort(preferred.signal).catch(() => tcpPort(0)),
    tcpPort(preferred.rtcTcp).catch(() => tcpPort(0)),
    udpPort(preferred.rtcUdp).catch(() => udpPort(0)),
  ]);
  return { signal, rtcTcp, rtcUdp };
}

function tcpPort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function udpPort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createSocket('udp4');
    probe.once('error', reject);
    probe.bind(wanted, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
