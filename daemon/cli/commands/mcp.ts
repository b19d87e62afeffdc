import type { Command } from 'commander'
import { version } from '../../version.ts'
import { command, connected, guarded } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect } from '../context.ts'

export function mcpCommand(): Command {
  return connected(
    command({
      name: 'mcp',
      summary:
        'give agents the tools ask, models, datanets, contribute and trace, by the Model Context Protocol on stdio',
      examples: ['tilth mcp --data ~/.tilth', 'TILTH_TOKEN=KEY tilth mcp --api http://127.0.0.1:4180']
    })
  ).action(
    guarded(async (flags: CallFlags) => {
      const api = await connect(flags)
      // Only who serves agents loads what it takes.
      const [{ serveStdio }, { createMcpServer }] = await Promise.all([
        import('@modelcontextprotocol/server/stdio'),
        import('../../mcp/index.ts')
      ])
      // Standard output is the protocol's; it ends with standard input.
      serveStdio(() => createMcpServer(api, version), { onerror: error => console.error(error.message) })
    })
  )
}
