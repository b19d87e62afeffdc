import type { CallToolResult, McpServer, ServerContext, ToolAnnotations } from '@modelcontextprotocol/server'
import type { z } from 'zod'
import { TilthError, describeError } from '../../protocol/primitives/index.ts'

/** One of the tools: what an agent reads of it, what it takes, and what it does. */
export interface Tool<Input extends z.ZodType> {
  readonly name: string
  readonly title: string
  /** For the model that chooses among tools: what comes of it, what it costs, what cannot be taken back. */
  readonly description: string
  readonly input: Input
  readonly annotations: ToolAnnotations
  readonly run: (input: z.output<Input>, context: ServerContext) => Promise<CallToolResult>
}

/** What a tool found: as text for the model that reads it, and as data for the program around it. */
export const found = (text: string, data: object): CallToolResult => ({
  content: [{ type: 'text', text }],
  structuredContent: { ...data }
})

/**
 * Adds a tool. What fails by a rule of the network or of the daemon is the tool's own answer, with what to do about it,
 * so that an agent can mend its call; only faults of this program are errors of the protocol.
 */
export function addTool<Input extends z.ZodType>(server: McpServer, tool: Tool<Input>): void {
  const { name, title, description, input, annotations, run } = tool
  const call = async (given: z.output<Input>, context: ServerContext): Promise<CallToolResult> => {
    try {
      return await run(given, context)
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      return { isError: true, content: [{ type: 'text', text: describeError(error) }] }
    }
  }
  server.registerTool<z.ZodType, z.ZodType>(
    name,
    { title, description, inputSchema: input, annotations },
    (given, context) => call(given as z.output<Input>, context)
  )
}
