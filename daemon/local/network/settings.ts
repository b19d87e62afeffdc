import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { overWhat, parseMultiaddr, portOf } from '../../../node/transport/addresses.ts'
import type { NetworkFile } from '../../config/index.ts'
import { readIfThere, writePrivate } from '../../private-file.ts'
import { isFree } from '../../ports.ts'

interface Member {
  readonly data: string
  readonly roles: NetworkFile['daemons'][number]['roles']
  readonly apiPort: number
}

interface Shared {
  readonly rpc: string
  readonly contracts: NetworkFile['chain']['contracts']
  readonly bootstrap: readonly string[]
}

/** What a daemon of the local network starts with unless its owner has written something else into its file. */
const usual = { preset: 'local', worker: { threads: 1 }, log: 'info' } as const

/** By TCP for other daemons, and by WebSocket for pages that are peers themselves. */
const ways = ['TCP', 'WebSocket'] as const

/** The port at which one of several addresses is spoken to in such a way; 0 where none is. */
function portFor(way: (typeof ways)[number], texts: readonly string[]): number {
  const address = texts.flatMap(text => parseMultiaddr(text) ?? []).find(one => overWhat(one) === way)
  return address === undefined ? 0 : Number(portOf(address) ?? 0)
}

/** As far as it is looked at here; the daemon checks all of it. */
const form = z.looseObject({
  listen: z.array(z.string()).optional(),
  bootstrap: z.array(z.string()).max(64).optional(),
  api: z.record(z.string(), z.unknown()).optional(),
  chain: z.record(z.string(), z.unknown()).optional()
})
type Known = z.infer<typeof form>

/** What its owner has written there. What is no JSON any more is set aside: the network knows enough to start it. */
async function readKnown(path: string, tell: (text: string) => void): Promise<Known> {
  const text = (await readIfThere(path)) ?? '{}'
  try {
    return form.parse(JSON.parse(text))
  } catch {
    const aside = `${path}.damaged`
    await rename(path, aside)
    tell(`${path} could not be read: set aside as ${aside}, and written anew`)
    return {}
  }
}

/**
 * Writes a daemon's config.json: what the network decides over what stands in it. It listens where it did before, if
 * that is free, or where its process listens now.
 */
export async function settle(
  { data, roles, apiPort }: Member,
  { rpc, contracts, bootstrap }: Shared,
  tell: (text: string) => void,
  peer?: readonly string[]
): Promise<void> {
  const path = join(data, 'config.json')
  const known = await readKnown(path, tell)
  const ports = await Promise.all(
    ways.map(async way => {
      const before = portFor(way, peer ?? known.listen ?? [])
      return peer !== undefined || (before !== 0 && (await isFree(before))) ? before : 0
    })
  )
  await writePrivate(
    path,
    JSON.stringify(
      {
        ...usual,
        roles,
        ...known,
        data,
        key: join(data, 'key.json'),
        localNetwork: dirname(data),
        listen: ports.map((port, i) => `/ip4/127.0.0.1/tcp/${port}${ways[i] === 'TCP' ? '' : '/ws'}`),
        // Where the others were last they mostly are again, and then nobody has to be looked for.
        bootstrap: peer === undefined ? [...new Set([...bootstrap, ...(known.bootstrap ?? [])])] : bootstrap,
        chain: { ...known.chain, rpc, contracts },
        api: { ...known.api, port: apiPort }
      },
      null,
      2
    )
  )
}
