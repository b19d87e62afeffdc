import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createApiClient } from '../../../daemon/api/contract/index.ts'
import type { ApiClient } from '../../../daemon/api/contract/index.ts'
import { createKeystore } from '../../../daemon/keys/index.ts'
import { startDaemonProcess } from '../../../daemon/local/network/child.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { TestNetwork } from '../../node/models/network.ts'

export interface Worker {
  readonly pid: number
  readonly api: ApiClient
  address(): Promise<Address>
  /** How many models it has heard of. */
  models(): Promise<number>
  stop(): Promise<void>
}

/** What the worker fetches goes to a disk, wherever everything else is. */
const disk = '/var/tmp'

/** A worker as `tilth daemon`, on the network's chain, by way of its builder. */
export async function startWorker(
  { world, builder }: Pick<TestNetwork, 'world' | 'builder'>,
  worker: { threads: number; quantize: string; capacity: number }
): Promise<Worker> {
  const folder = await mkdtemp(join(disk, 'tilth-adapters-'))
  const passphrase = randomBytes(18).toString('base64url')
  await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
  const { address } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
  await world.faucet.tokens.sendGas(address, 100n * 10n ** 18n)
  await world.faucet.tokens.transfer(address, 1_000n * 10n ** 18n)
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({
      data: folder,
      key: join(folder, 'key.json'),
      roles: ['worker'],
      preset: 'local',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: builder.node.peers.listening(),
      chain: { rpc: world.anvil.rpcUrl, contracts: world.addresses },
      api: { port: 0 },
      worker
    })
  )
  const daemon = await startDaemonProcess('worker', folder)
  const { url } = await daemon.ready(60_000)
  const api = createApiClient(url, (await readFile(join(folder, 'api-token'), 'utf8')).trim())
  return {
    pid: daemon.pid,
    api,
    address: async () => address,
    async models() {
      let [sum, cursor] = [0, undefined as string | undefined]
      do {
        const { items, next } = await api.call('models', { params: { limit: 200, ...(cursor && { cursor }) } })
        sum += items.length
        cursor = next ?? undefined
      } while (cursor !== undefined)
      return sum
    },
    async stop() {
      await daemon.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
