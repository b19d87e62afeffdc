import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { serving } from './network.ts'
import type { Outcome } from './network.ts'
import { lastOf, run } from './programs.ts'

const inspector = '@modelcontextprotocol/inspector-cli'
const main = resolve('daemon/cli/main.ts')

/** The inspector of the Model Context Protocol, as published, against `tilth mcp` on a local network. */
export const mcp = (say: (text: string) => void): Promise<Outcome[]> =>
  serving(say, async ({ folder, url, key, model, data }) => {
    say('installing and running the inspector')
    await writeFile(join(folder, 'package.json'), '{"private": true}\n')
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', inspector]
    const installed = await run('npm', install, { cwd: folder })
    const keyFile = join(folder, 'key')
    await writeFile(keyFile, key)
    const owner = ['--data', data]
    const holder = ['--api', url, '--token-file', keyFile]
    /** What a method gives by the inspector, with some rights. */
    const inspect = async (rights: readonly string[], method: readonly string[]): Promise<unknown> => {
      const server = ['--', process.execPath, main, 'mcp', ...rights]
      const { code, output } = await run('npx', ['mcp-inspector-cli', '--cli', '--method', ...method, ...server], {
        cwd: folder
      })
      if (code !== 0) throw new Error(lastOf(output))
      return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as unknown
    }
    const tools = async (rights: readonly string[]): Promise<string> => {
      const { tools } = (await inspect(rights, ['tools/list'])) as { tools: { name: string }[] }
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
      ['lists the tools', async () => (await tools(owner)) === 'ask,models,datanets,contribute,trace'],
      ['lists those of asking for a key', async () => (await tools(holder)) === 'ask,models'],
      [
        'asks by a key, and traces the answer',
        async () => {
          const asked = (await inspect(holder, ask)) as { structuredContent: { receipts: string[]; fee: string } }
          const { receipts, fee } = asked.structuredContent
          const trace = ['tools/call', '--tool-name', 'trace', '--tool-arg', `receipt=${receipts[0]}`]
          const traced = (await inspect(owner, trace)) as { content: { text: string }[] }
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
