import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { serving } from './network.ts'
import type { Outcome } from './network.ts'
import { lastOf, run } from './programs.ts'

const inspector = '@modelcontextprotocol/inspector'
const tilth = resolve('bin/tilth.js')

/** The inspector of the Model Context Protocol, as published, against `tilth mcp` on a local network. */
export const mcp = (say: (text: string) => void): Promise<Outcome[]> =>
  serving(say, async ({ folder, url, key, model, data }) => {
    say('installing and running the inspector')
    await writeFile(join(folder, 'package.json'), '{"private": true}\n')
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', inspector]
    const installed = await run('npm', install, { cwd: folder })
    const env = { MCP_INSPECTOR_SECRET_STORE: 'memory' }
    // As clients are told of it in the README.
    const command = process.execPath
    const mcpServers = {
      owner: { command, args: [tilth, 'mcp', '--data', data] },
      holder: { command, args: [tilth, 'mcp', '--api', url], env: { TILTH_TOKEN: key } }
    }
    await writeFile(join(folder, 'mcp.json'), JSON.stringify({ mcpServers }))
    /** What a method gives by the inspector, for one of them. */
    const inspect = async (server: keyof typeof mcpServers, method: readonly string[]): Promise<unknown> => {
      const as = ['mcp-inspector', '--cli', '--config', 'mcp.json', '--server', server]
      const { code, output } = await run('npx', [...as, '--method', ...method], { cwd: folder, env })
      if (code !== 0) throw new Error(lastOf(output))
      return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as unknown
    }
    const tools = async (server: keyof typeof mcpServers): Promise<string> => {
      const { tools } = (await inspect(server, ['tools/list'])) as { tools: { name: string }[] }
      return tools.map(({ name }) => name).join()
    }
    const ask = [
      'tools/call',
      '--tool-name',
      'ask',
      '--tool-arg',
      `model=${model}`,
      'question=What is a dog?',
      'maxTokens=8'
    ]
    const tried: [string, () => Promise<boolean>][] = [
      ['lists the tools', async () => (await tools('owner')) === 'ask,models,datanets,contribute,trace'],
      ['lists those of asking for a key', async () => (await tools('holder')) === 'ask,models,agents'],
      [
        'asks by a key, and traces the answer',
        async () => {
          const asked = (await inspect('holder', ask)) as { structuredContent: { receipts: string[]; fee: string } }
          const { receipts, fee } = asked.structuredContent
          const trace = ['tools/call', '--tool-name', 'trace', '--tool-arg', `receipt=${receipts[0]}`]
          const traced = (await inspect('owner', trace)) as { content: { text: string }[] }
          return Number(fee) > 0 && /\d+ links hold, 0 do not/.test(traced.content[0]?.text ?? '')
        }
      ]
    ]
    const outcomes: Outcome[] = []
    for (const [what, holds] of tried) {
      const name = `inspector: ${what}`
      if (installed.code !== 0) {
        outcomes.push({ name, state: 'skipped', why: 'it could not be installed' })
        continue
      }
      const failed = await holds().then(
        held => (held ? undefined : 'it gave something else'),
        (error: unknown) => String(error)
      )
      outcomes.push(failed === undefined ? { name, state: 'passed' } : { name, state: 'failed', why: failed })
    }
    return outcomes
  })
