import { symlink } from 'node:fs/promises';

import { fixture } from '../cli-process.fixture.js';
import { TestFolder } from '../test-folder.fixture.js';

/**
 * A folder of ES modules in which the packages of this one are installed.
 * @param files - their texts, by their names
 */
export async function agentProject(files: Readonly<Record<string, string>>): Promise<TestFolder> {
  const folder = await TestFolder.create();
  await symlink(fixture('../../node_modules'), folder.of('node_modules'));
  await folder.write('package.json', '{ "type": "module" }');
  for (const [name, text] of Object.entries(files)) await folder.write(name, text);
  return folder;
}

/** The source of a file with one agent, which repeats what it hears. */
export function agentSource(name: string, more = ''): string {
  return `import { voice } from '@livekit/agents';
import { agentConfig } from '@openrtc/core';
import { EchoLLM } from '@openrtc/core/testing';

class ${name} extends voice.Agent {
  constructor() {
    super({ instructions: 'x' });
  }
}

export default agentConfig({ greeting: 'I am ${name}.', llm: () => new EchoLLM() }, ${name});
${more}`;
}
