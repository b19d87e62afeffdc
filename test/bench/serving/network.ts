import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApiClient } from '../../../daemon/api/contract/index.ts'
import type { ApiClient } from '../../../daemon/api/contract/index.ts'
import { createKeystore } from '../../../daemon/keys/index.ts'
import { startDaemonProcess } from '../../../daemon/local/network/child.ts'
import type { DaemonProcess } from '../../../daemon/local/network/child.ts'
import { createChain, deploy, startAnvil } from '../../../node/chain/index.ts'
import type { Ask } from './load.ts'

/** A worker and a client as `tilth daemon` processes, over a chain of their own, with one base model on offer. */
export interface ServingNetwork {
  readonly worker: DaemonProcess
  readonly client: DaemonProcess
  /** Asks through the client's OpenAI-style API, streaming. */
  readonly ask: Ask
  stop(): Promise<void>
}

export interface ServingOptions {
  readonly model: string
  readonly threads: number
  readonly quantize: 'none' | 'int8' | 'int4'
  readonly maxTokens: number
  readonly temperature: number
  /** Folder for profiles of both processes (`node --cpu-prof`). */
  readonly profiles?: string | undefined
}

const coin = 10n ** 18n

/** A copy of a model that never says its end token, so that each answer has the length asked for. */
export async function endless(model: string, to: string): Promise<string> {
  await cp(model, to, { recursive: true })
  for (const name of ['config.json', 'generation_config.json', 'tokenizer_config.json']) {
    const path = join(to, name)
    const {
      eos_token_id: _id,
      eos_token: _token,
      ...rest
    } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    await writeFile(path, JSON.stringify(rest))
  }
  return to
}

export async function startServing(options: ServingOptions): Promise<ServingNetwork> {
  const root = await mkdtemp(join(tmpdir(), 'tilth-serving-'))
  const stops: (() => Promise<unknown>)[] = [() => rm(root, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const anvil = await startAnvil({ folder: join(root, 'chain') })
    stops.push(() => anvil.stop())
    const contracts = await deploy({ rpcUrl: anvil.rpcUrl, privateKey: anvil.faucetKey, disputeSeconds: 60 })
    const faucet = await createChain({ rpcUrl: anvil.rpcUrl, addresses: contracts, privateKey: anvil.faucetKey })
    stops.push(() => faucet.stop())
    const bootstrap: string[] = []

    async function start(
      name: 'worker' | 'client'
    ): Promise<{ process: DaemonProcess; api: ApiClient; url: string; token: string }> {
      const folder = join(root, name)
      await mkdir(folder)
      const passphrase = randomBytes(18).toString('base64url')
      await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
      const { address } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
      await faucet.tokens.sendGas(address, 100n * coin)
      await faucet.tokens.transfer(address, 100_000n * coin)
      await writeFile(
        join(folder, 'config.json'),
        JSON.stringify({
          data: folder,
          key: join(folder, 'key.json'),
          roles: [name],
          preset: 'local',
          listen: ['/ip4/127.0.0.1/tcp/0'],
          bootstrap,
          chain: { rpc: anvil.rpcUrl, contracts },
          api: { port: 0 },
          worker: { threads: options.threads, quantize: options.quantize }
        })
      )
      const profile =
        options.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(options.profiles, name)}`]
      const process = await startDaemonProcess(name, folder, { execArgv: profile })
      stops.push(() => process.stop())
      const { url, peer } = await process.ready(60_000)
      bootstrap.push(...peer)
      const token = (await readFile(join(folder, 'api-token'), 'utf8')).trim()
      return { process, api: createApiClient(url, token), url, token }
    }
    const worker = await start('worker')
    const client = await start('client')

    const { cid } = await worker.api.call('importBase', { body: { folder: options.model } })
    const { id } = await worker.api.call('registerModel', {
      body: { name: 'bench', base: cid, split: { worker: 8000, builder: 2000, data: 0 } }
    })
    await worker.api.call('serve', { params: { id }, body: {} })
    while (!(await client.api.call('models')).items.some(one => one.id === id && one.offers.length > 0))
      await sleep(100)

    const agent = new Agent({ keepAlive: true, maxSockets: 256 })
    stops.push(async () => agent.destroy())
    const ask: Ask = (content, seed, onFirst) =>
      new Promise((resolve, reject) => {
        const outgoing = request(new URL('/v1/chat/completions', client.url), {
          method: 'POST',
          agent,
          headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' }
        })
        outgoing.on('error', reject)
        outgoing.on('response', response => {
          let text = ''
          let begun = false
          response.setEncoding('utf8')
          response.on('data', (piece: string) => {
            text += piece
            if (begun || !/"content":"[^"]/.test(text)) return
            begun = true
            onFirst()
          })
          response.on('error', reject)
          response.on('end', () => {
            const usage = /"completion_tokens":(\d+)/.exec(text)
            if (usage === null || !text.trimEnd().endsWith('[DONE]'))
              reject(new Error(`an answer did not end: ${text.slice(-500)}`))
            else resolve(Number(usage[1]))
          })
        })
        outgoing.end(
          JSON.stringify({
            model: 'bench',
            messages: [{ role: 'user', content }],
            stream: true,
            stream_options: { include_usage: true },
            max_tokens: options.maxTokens,
            temperature: options.temperature,
            seed
          })
        )
      })
    return { worker: worker.process, client: client.process, ask, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
