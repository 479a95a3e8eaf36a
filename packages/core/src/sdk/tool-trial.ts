import { llm, voice } from '@livekit/agents';

type Tools = llm.ToolContext['tools'];
type FunctionTool = llm.ToolContext['functionTools'][string];

/** What becomes of a tool of new code that fails. */
export interface ToolTrial {
  /** Whether the tool has not run yet. */
  isFirst(part: string): boolean;
  /** The tool has run. */
  passed(part: string): void;
  /** The tool has failed; returns whether the old code is back. */
  failed(part: string, error: unknown): boolean;
}

/**
 * Tools that are on trial: when one fails in its first use, and the old code is back, the old tool of that name answers.
 * @param old - the tools of the old code, by name
 */
export function toolsOnTrial(
  tools: Tools,
  old: Readonly<Record<string, FunctionTool>>,
  trial: ToolTrial,
): Tools {
  return tools.map((each) =>
    llm.isFunctionTool(each) ? onTrial(each, old[each.name], trial) : each,
  );
}

function onTrial(
  tool: FunctionTool,
  old: FunctionTool | undefined,
  trial: ToolTrial,
): FunctionTool {
  const part = `tool ${tool.name}`;
  const execute: FunctionTool['execute'] = async (...args) => {
    if (!trial.isFirst(part)) return tool.execute(...args);
    try {
      const result = await tool.execute(...args);
      trial.passed(part);
      return result;
    } catch (error) {
      if (isAnswer(error) || !trial.failed(part, error) || old === undefined) throw error;
      return old.execute(...args);
    }
  };
  // A copy, because calls may share the tool. What marks it as a tool are properties with symbols.
  return Object.create(Object.getPrototypeOf(tool) as object, {
    ...Object.getOwnPropertyDescriptors(tool),
    execute: { value: execute, enumerable: true, configurable: true, writable: true },
  }) as FunctionTool;
}

/** With these errors a tool tells the model something, or ends the turn. */
function isAnswer(error: unknown): boolean {
  return error instanceof llm.ToolError || error instanceof voice.StopResponse;
}
