import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serving } from './network.ts'
import type { Outcome } from './network.ts'
import { lastOf, run } from './programs.ts'

/** Clients as their users install them. */
const packages = ['openai', '@langchain/openai', '@langchain/core', 'ai', '@ai-sdk/openai-compatible']
const inNode = [
  { name: 'openai (JavaScript)', file: 'openai.mjs' },
  { name: 'LangChain (JavaScript)', file: 'langchain.mjs' },
  { name: 'AI SDK', file: 'ai-sdk.mjs' }
] as const
const programs = join(import.meta.dirname, 'clients')

async function runNode(folder: string, env: Record<string, string>): Promise<Outcome[]> {
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}\n')
  const installed = await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], {
    cwd: folder
  })
  const outcomes: Outcome[] = []
  for (const { name, file } of inNode) {
    if (installed.code !== 0) {
      outcomes.push({ name, state: 'skipped', why: 'its packages could not be installed' })
      continue
    }
    await cp(join(programs, file), join(folder, file))
    const { code, output } = await run(process.execPath, [file], { cwd: folder, env })
    outcomes.push(code === 0 ? { name, state: 'passed' } : { name, state: 'failed', why: lastOf(output) })
  }
  return outcomes
}

async function runPython(folder: string, env: Record<string, string>): Promise<Outcome> {
  const name = 'openai (Python)'
  const python = join(folder, 'venv', 'bin', 'python')
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', 'venv']],
    [python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'openai']]
  ]
  for (const [command, args] of steps)
    if ((await run(command, args, { cwd: folder })).code !== 0)
      return { name, state: 'skipped', why: `${command} ${args.join(' ')} did not work` }
  const { code, output } = await run(python, [join(programs, 'openai_client.py')], { cwd: folder, env })
  return code === 0 ? { name, state: 'passed' } : { name, state: 'failed', why: lastOf(output) }
}

/** Clients of the OpenAI API, as published, against a local network of real processes. */
export const clients = (say: (text: string) => void): Promise<Outcome[]> =>
  serving(say, async ({ folder, url, key, model }) => {
    const env = { TILTH_URL: `${url}/v1`, TILTH_KEY: key, TILTH_MODEL: model }
    say('installing and running the clients')
    return [...(await runNode(folder, env)), await runPython(folder, env)]
  })
