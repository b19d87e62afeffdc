import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import type { LocalNetwork } from '../../daemon/local/network/network.ts'
import { scratch } from '../harness/index.ts'

/** A local network of real processes in a folder of its own; what of it ends stays down. */
export async function startFresh(name: string): Promise<{
  readonly folder: string
  readonly network: LocalNetwork
  readonly stop: () => Promise<void>
}> {
  const folder = await scratch(name)
  const network = await startLocalNetwork({
    folder: join(folder, 'net'),
    portBase: 0,
    chainPort: 0,
    challengeSeconds: 2,
    fresh: false,
    keepUp: false,
    onStep: () => undefined
  })
  return {
    folder,
    network,
    stop: async () => {
      await network.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
