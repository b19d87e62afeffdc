import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiClient } from '../../daemon/api/contract/index.ts'
import type { ApiClient } from '../../daemon/api/contract/index.ts'
import { bundledBase } from '../../daemon/assets.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { startDaemonProcess } from '../../daemon/local/network/child.ts'
import type { DaemonProcess } from '../../daemon/local/network/child.ts'
import { createChain, deploy, startAnvil } from '../../node/chain/index.ts'
import { describeError } from '../../protocol/primitives/index.ts'
import { endless } from '../bench/serving/network.ts'
import { pause, until } from '../harness/index.ts'

// Workers and clients as `tilth daemon` processes over a chain of their own. Workers are ended by SIGKILL while many
// ask.

const coin = 10n ** 18n
const startMs = 180_000

interface Member {
  process: DaemonProcess
  api: ApiClient
  address: string
  /** It is there, as far as whoever kills it knows. */
  up: boolean
}

export interface Market {
  readonly model: string
  readonly clients: readonly Member[]
  readonly workers: readonly Member[]
  /** Ends a worker by SIGKILL and starts it again. Resolves when it offers the model again. */
  kill(worker: Member): Promise<void>
  stop(): Promise<void>
}

/** @param root a folder that is there; whoever gave it removes it */
export async function startMarket(root: string, count: { clients: number; workers: number }): Promise<Market> {
  const stops: (() => Promise<unknown>)[] = []
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

    const apiOf = async (process: DaemonProcess): Promise<ApiClient> => {
      const { url, peer } = await process.ready(startMs)
      if (process.name.startsWith('client')) bootstrap.push(...peer)
      return createApiClient(url, (await readFile(join(process.folder, 'api-token'), 'utf8')).trim())
    }
    async function start(name: string, role: 'worker' | 'client'): Promise<Member> {
      const folder = join(root, name)
      await mkdir(folder)
      const passphrase = randomBytes(18).toString('base64url')
      await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
      const { address } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
      await faucet.tokens.sendGas(address, 100n * coin)
      await faucet.tokens.transfer(address, 100_000n * coin)
      const config = {
        data: folder,
        key: join(folder, 'key.json'),
        roles: [role],
        preset: 'local',
        listen: ['/ip4/127.0.0.1/tcp/0'],
        bootstrap,
        chain: { rpc: anvil.rpcUrl, contracts },
        api: { port: 0 },
        worker: { threads: 1 }
      }
      await writeFile(join(folder, 'config.json'), JSON.stringify(config))
      const process = await startDaemonProcess(name, folder)
      const member: Member = { process, api: await apiOf(process), address, up: true }
      stops.push(() => member.process.stop())
      return member
    }
    const many = async (role: 'worker' | 'client', n: number): Promise<Member[]> => {
      const all: Member[] = []
      for (let i = 1; i <= n; i++) all.push(await start(`${role}-${i}`, role))
      return all
    }
    const clients = await many('client', count.clients)
    const workers = await many('worker', count.workers)
    const [first] = workers
    if (first === undefined) throw new Error('a market has workers')
    const { cid } = await first.api.call('importBase', {
      body: { folder: await endless(bundledBase.folder(), join(root, 'base')) }
    })
    const split = { worker: 8000, builder: 2000, data: 0 }
    const { id: model } = await first.api.call('registerModel', { body: { name: 'endless', base: cid, split } })
    for (const { api } of workers) await api.call('serve', { params: { id: model }, body: {} })
    for (const { api } of clients)
      await until(
        async () => (await api.call('offers', { params: { model } })).items.length === workers.length,
        'every offer is known',
        startMs
      )
    return {
      model,
      clients,
      workers,
      async kill(worker) {
        worker.up = false
        process.kill(worker.process.pid, 'SIGKILL')
        await worker.process.ended
        worker.process = await startDaemonProcess(worker.process.name, worker.process.folder)
        const { api } = Object.assign(worker, { api: await apiOf(worker.process) })
        const offersAgain = async (): Promise<boolean> =>
          (await api.call('offers', { params: { model } })).items.some(one => one.worker === worker.address)
        await until(offersAgain, 'it offers again', startMs)
        worker.up = true
      },
      stop
    }
  } catch (error) {
    await stop()
    throw error
  }
}

export interface Found {
  answers: number
  /** Answers that more than one worker had a part in, and answers that a worker refused for having enough to do. */
  failovers: number
  readonly lost: string[]
  /** Answers that said something else than the same question was answered before: greedy, so there is one answer. */
  wrong: number
  kills: number
  /** Milliseconds from asking to the end, of each. */
  readonly ms: number[]
}

export interface Load {
  readonly found: Found
  stop(): Promise<void>
}

/** So many ask at once, each one question after another, spread over the clients. */
export function startAsking(
  { clients, model }: Market,
  { askers, maxTokens, questions = 16 }: { askers: number; maxTokens: number; questions?: number }
): Load {
  const found: Found = { answers: 0, failovers: 0, lost: [], wrong: 0, kills: 0, ms: [] }
  const said = new Map<string, string>()
  const over = new AbortController()
  async function one(asker: number, n: number): Promise<void> {
    const content = `Tell me about thing ${(asker * 7 + n) % questions}.`
    const began = performance.now()
    const body = { model, messages: [{ role: 'user' as const, content }], maxTokens }
    let [text, workers, isWhole] = ['', 0, false]
    try {
      for await (const event of clients[asker % clients.length]?.api.stream('ask', { body }) ?? []) {
        if (event.kind === 'error') throw new Error(`${event.code}: ${event.message}`)
        if (event.kind === 'worker') workers++
        if (event.kind === 'text') text += event.text
        if (event.kind === 'done') isWhole = event.finish === 'length' && event.text === text
      }
      if (!isWhole) throw new Error(`the answer to "${content}" did not come to its end`)
    } catch (error) {
      found.lost.push(describeError(error))
      await pause(200)
      return
    }
    found.answers++
    found.ms.push(performance.now() - began)
    if (workers > 1) found.failovers++
    if (text !== (said.get(content) ?? text)) found.wrong++
    said.set(content, text)
  }
  const running = Promise.all(
    Array.from({ length: askers }, async (_, asker) => {
      for (let n = 0; !over.signal.aborted; n++) await one(asker, n)
    })
  )
  return {
    found,
    async stop() {
      over.abort()
      await running
    }
  }
}
