import type { ServerPorts } from './free-ports.js';

/** Settings that differ between servers of the rig. */
export interface ServerConfig {
  ports: ServerPorts;
  apiKey: string;
  apiSecret: string;
  /** Load above which the server assigns no more jobs to a worker; the server's own default is 0.7. */
  targetLoad?: number;
}

/** The config file of a livekit-server that uses only the loopback interface. */
export function serverConfigYaml({ ports, apiKey, apiSecret, targetLoad }: ServerConfig): string {
  const lines = [
    `port: ${ports.signal}`,
    'bind_addresses: ["127.0.0.1"]',
    'rtc:',
    '  node_ip: 127.0.0.1',
    '  use_external_ip: false',
    '  enable_loopback_candidate: true',
    '  interfaces:',
    '    includes: [lo]',
    `  tcp_port: ${ports.rtcTcp}`,
    `  udp_port: ${ports.rtcUdp}`,
    'keys:',
    `  ${apiKey}: "${apiSecret}"`,
    'logging:',
    '  json: true',
    '  level: info',
  ];
  if (targetLoad !== undefined) lines.push('agents:', `  target_load: ${targetLoad}`);
  return `${lines.join('\n')}\n`;
}
