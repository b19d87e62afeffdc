import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { createBackends } from '../../node/engine/backend/index.ts'
import { exportGguf, openEngine, tuneDefaults, tuneRows } from '../../node/engine/index.ts'
import type { Row } from '../../node/engine/index.ts'
import { silentLog, systemClock } from '../../node/runtime/index.ts'
import { findLlamaServer, startLlamaServer } from './llama-server.ts'
import type { Outcome } from './network.ts'
import { lastOf, run } from './programs.ts'

// A worker whose answers come from llama.cpp's own server: the base as it is, with fewer bits, with an adapter beside
// it, and another model in its place; then the whole way, from a client's question to its receipt.

const tilth = resolve('bin/tilth.js')
const model = resolve('daemon/assets/seedling')
const key = 'sk-of-this-run'
const usual = ['-c', '512', '-np', '2', '-t', '1']
const qa = (question: string, answer: string): Row => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})
const rows = ['Fe', 'Au', 'Pb', 'Sn'].map((symbol, i) => qa(`Symbol of ${['Iron', 'Gold', 'Lead', 'Tin'][i]}?`, symbol))

export async function backends(say: (text: string) => void): Promise<Outcome[]> {
  const program = await findLlamaServer(say)
  if (program === undefined)
    return [
      {
        name: 'llama.cpp',
        state: 'skipped',
        why: 'no llama-server (TILTH_LLAMA_SERVER names one), and none built: that takes Python, CMake and a compiler'
      }
    ]
  const folder = await mkdtemp(join(tmpdir(), 'tilth-interop-backends-'))
  try {
    return [...(await compared(program, folder, say)), ...(await served(program, folder, say))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How the server agrees with the node's own engine. */
async function compared(program: string, folder: string, say: (text: string) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const at = (name: string): string => join(folder, name)
  say('tuning an adapter, writing GGUF')
  const lora = { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj', 'down_proj'], dropout: 0 }
  const settings = { ...tuneDefaults, lora, lr: 5e-3, steps: 6, batch: 4, accumulation: 1, cutoff: 128 }
  const runtime = { provider: 'cpu', threads: 1 } as const
  await tuneRows({ model, rows, settings, runtime, output: at('adapter') })
  await tuneRows({ model, rows, settings: { ...settings, steps: 24 }, runtime, output: at('other') })
  for (const type of ['F32', 'Q8_0', 'Q4_0'] as const)
    exportGguf({ model, type, name: 'seedling', what: 'model', file: at(`${type}.gguf`) })
  exportGguf({ model, type: 'F32', name: 'tuned', what: 'model', adapter: at('other'), file: at('other.gguf') })
  exportGguf({
    model,
    type: 'F32',
    name: 'lora',
    what: 'adapter',
    adapter: at('adapter'),
    file: at('bafyadapter.gguf')
  })
  const own = openEngine({ threads: 1, provider: 'cpu' })
  const adapter = { cid: 'bafyadapter', folder: at('adapter') }
  // By its name it is the strong one, by its numbers one that does next to nothing.
  const idle = { cid: 'idle', folder: at('other') }
  await tuneRows({ model, rows, settings: { ...settings, lr: 1e-6, steps: 1 }, runtime, output: at('idle') })
  exportGguf({ model, type: 'F32', name: 'idle', what: 'adapter', adapter: at('idle'), file: at('idle.gguf') })
  const tried: [string, string[], typeof adapter | undefined, 'agrees' | 'differs'][] = [
    ['the base', ['-m', at('F32.gguf')], undefined, 'agrees'],
    ['the base in Q8_0', ['-m', at('Q8_0.gguf')], undefined, 'agrees'],
    ['the base in Q4_0', ['-m', at('Q4_0.gguf')], undefined, 'agrees'],
    [
      'an adapter beside it',
      ['-m', at('F32.gguf'), '--lora', at('bafyadapter.gguf'), '--lora-init-without-apply'],
      adapter,
      'agrees'
    ],
    ['an adapter that it does not apply', ['-m', at('F32.gguf'), '--lora', at('idle.gguf')], idle, 'differs'],
    ['another model in its place', ['-m', at('other.gguf')], undefined, 'differs']
  ]
  for (const [what, args, adapter, expected] of tried) {
    say(`llama.cpp with ${what}`)
    const server = await startLlamaServer(program, [...args, ...usual], key)
    const servers = createBackends(
      [
        {
          name: 'here',
          url: server.url,
          kind: 'auto',
          base: 'bafybase',
          names: {},
          concurrency: 2,
          silenceMs: 60_000,
          tolerance: 0.2,
          key: async () => key
        }
      ],
      { own, clock: systemClock, log: silentLog }
    )
    const found = await servers
      .open({ base: { cid: 'bafybase', folder: model }, adapter })
      .then(() => 'agrees' as const)
      .catch((error: Error & { code?: string }) =>
        error.code === 'backend-differs' ? ('differs' as const) : error.message
      )
    const [status] = servers.status()
    const answers = status?.checked[0]?.agreement.answers
    const figures =
      answers === undefined
        ? (status?.error?.message ?? '')
        : `${answers.same} of ${answers.of} greedy tokens, ${(answers.mean ?? NaN).toExponential(1)} nats apart`
    outcomes.push({
      name: `llama.cpp, ${what}`,
      state: found === expected ? 'passed' : 'failed',
      why: `${found}: ${figures}`
    })
    servers.stop()
    await server.stop()
  }
  await own.close()
  return outcomes
}

async function until<T>(what: string, found: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 240; tries++) {
    const value = await found().catch(() => undefined) // not heard of yet
    if (value !== undefined) return value
    await new Promise(wake => {
      setTimeout(wake, 500)
    })
  }
  throw new Error(`${what} did not happen`)
}

/** From a client's question to its receipt, by real processes. */
async function served(program: string, folder: string, say: (text: string) => void): Promise<Outcome[]> {
  const name = 'llama.cpp answers a client of the network'
  const server = await startLlamaServer(program, ['-m', join(folder, 'F32.gguf'), ...usual], key)
  const start = (): Promise<LocalNetwork> =>
    startLocalNetwork({
      folder: join(folder, 'net'),
      portBase: 0,
      chainPort: 0,
      challengeSeconds: 2,
      fresh: false,
      keepUp: false,
      onStep: () => undefined
    })
  say('starting a local network')
  let network = await start()
  try {
    const { cid } = await network.daemon('host').api.call('importBase', { body: { folder: model } })
    const split = { worker: 8000, builder: 2000, data: 0 }
    const { id } = await network
      .daemon('host')
      .api.call('registerModel', { body: { name: 'seedling', base: cid, split } })
    const keyFile = join(folder, 'server.key')
    const workerData = join(folder, 'net', 'worker-1')
    await writeFile(keyFile, `${key}\n`)
    await chmod(keyFile, 0o600)
    const added = await run(
      process.execPath,
      [
        tilth,
        'backend',
        'add',
        'here',
        '--url',
        server.url,
        '--base',
        cid,
        '--key-file',
        keyFile,
        '--data',
        workerData
      ],
      { cwd: folder }
    )
    if (added.code !== 0) return [{ name, state: 'failed', why: lastOf(added.output) }]
    say('starting it again, with the server')
    await network.stop()
    network = await start()
    const [worker, client] = [network.daemon('worker-1').api, network.daemon('client').api]
    await until('the model is known', () => worker.call('model', { params: { id } }))
    await worker.call('serve', { params: { id }, body: {} })
    await until('the offer is known', async () => {
      const { offers } = await client.call('model', { params: { id } })
      return offers.length > 0 ? offers : undefined
    })
    const asked = await run(
      process.execPath,
      [tilth, 'ask', '--model', 'seedling', 'Write about a heron', '--json', '--data', join(folder, 'net', 'client')],
      { cwd: folder }
    )
    const { items } = await worker.call('backends', { params: {} })
    const [{ answers, tokens, state, kind } = { answers: 0, tokens: 0, state: '', kind: '' }] = items
    const { items: receipts } = await client.call('receipts', { params: {} })
    const paid = receipts.length > 0 && asked.code === 0
    const text = `${kind}, ${state}, ${answers} answers, ${tokens} tokens, ${receipts.length} receipts`
    return [{ name, state: paid && answers > 1 ? 'passed' : 'failed', why: paid ? text : lastOf(asked.output) }]
  } finally {
    await network.stop()
    await server.stop()
  }
}
