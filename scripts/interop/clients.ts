import { cp, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { startFresh } from '../../test/network/start.ts'
import { run } from './programs.ts'

export interface Outcome {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly why?: string
}

/** Clients as their users install them. */
const packages = ['openai', '@langchain/openai', '@langchain/core', 'ai', '@ai-sdk/openai-compatible']
const inNode = [
  { name: 'openai (JavaScript)', file: 'openai.mjs' },
  { name: 'LangChain (JavaScript)', file: 'langchain.mjs' },
  { name: 'AI SDK', file: 'ai-sdk.mjs' }
] as const
const model = 'seedling'
const programs = join(import.meta.dirname, 'clients')
const lastOf = (output: string): string => output.trim().split('\n').slice(-12).join('\n')

/** A worker serves the base model, and a key within a budget asks it. */
async function prepare(network: LocalNetwork): Promise<Record<string, string>> {
  const [host, worker, client] = (['host', 'worker-1', 'client'] as const).map(name => network.daemon(name))
  if (host === undefined || worker === undefined || client === undefined) throw new Error('the network is not whole')
  const { cid } = await host.api.call('importBase', { body: { folder: resolve('daemon/assets/seedling') } })
  const split = { worker: 8000, builder: 2000, data: 0 }
  const { id } = await host.api.call('registerModel', { body: { name: model, base: cid, split } })
  const known = async (offers: number, api = client.api): Promise<void> => {
    for (let i = 0; i < 240; i++) {
      const found = await api.call('model', { params: { id } }).catch(() => undefined) // not heard of yet
      if (found !== undefined && found.offers.length >= offers) return
      await new Promise(wake => {
        setTimeout(wake, 500)
      })
    }
    throw new Error('the model was not heard of')
  }
  await known(0, worker.api)
  await worker.api.call('serve', { params: { id }, body: {} })
  await known(1)
  const budget = (10n ** 18n).toString()
  const { key } = await client.api.call('addKey', { body: { name: 'interop', perDay: budget } })
  return { TILTH_URL: `${client.url}/v1`, TILTH_KEY: key, TILTH_MODEL: model }
}

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
export async function clients(say: (text: string) => void): Promise<Outcome[]> {
  say('starting a local network')
  const { folder, network, stop } = await startFresh('interop')
  try {
    const env = await prepare(network)
    say('installing and running the clients')
    return [...(await runNode(folder, env)), await runPython(folder, env)]
  } finally {
    await stop()
  }
}
