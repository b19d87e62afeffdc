import { join, resolve } from 'node:path'
import { startFresh } from '../../test/network/start.ts'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'

export interface Outcome {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly why?: string
}

/** A network that serves a model, as whoever asks it sees it. */
export interface Served {
  /** A folder that is thrown away in the end. */
  readonly folder: string
  /** The API of the client's daemon, and a key within a budget. */
  readonly url: string
  readonly key: string
  readonly model: string
  /** The data folder of the client's daemon, with its token. */
  readonly data: string
}

const model = 'seedling'

/** A worker serves the base model, and a key within a budget asks it. */
async function serve(network: LocalNetwork): Promise<Omit<Served, 'folder' | 'data'>> {
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
  return { url: client.url, key, model }
}

/** A local network of real processes, for as long as something is tried on it. */
export async function serving(
  say: (text: string) => void,
  tried: (served: Served) => Promise<Outcome[]>
): Promise<Outcome[]> {
  say('starting a local network')
  const { folder, network, stop } = await startFresh('interop')
  try {
    return await tried({ folder, data: join(folder, 'net', 'client'), ...(await serve(network)) })
  } finally {
    await stop()
  }
}
