import { join } from 'node:path'
import { z } from 'zod'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import { contractAddresses, networkFile, readNetworkFile, roles } from '../../config/index.ts'
import type { NetworkFile } from '../../config/index.ts'
import { keystoreAddress } from '../../keys/index.ts'
import { readNote } from '../../running.ts'
import { networkFileOf } from './folder.ts'
import { members } from './members.ts'

/** What of a daemon's settings the network's own file says, too. */
const settings = z.object({
  roles: z.array(z.enum(roles)),
  chain: z.object({ rpc: z.string(), contracts: contractAddresses })
})

/** The network's file by what its daemons' folders say of it; its policy stands on chain. */
async function fromDaemons(root: string): Promise<NetworkFile> {
  const found = await Promise.all(
    members.map(async ({ name, roles: usual }) => {
      const data = join(root, name)
      // Of all of them one is enough: the chain is the same for each.
      const known = settings.safeParse(await readNote(data, 'config.json')).data
      const address = await keystoreAddress(join(data, 'key.json'))
      return { daemon: { name, data, roles: known?.roles ?? usual, address, api: '' }, chain: known?.chain }
    })
  )
  const chain = found.find(one => one.chain !== undefined)?.chain
  return networkFile.parse({
    version: 1,
    preset: 'local',
    chain: { ...chain, chainId: chain?.contracts.chainId },
    daemons: found.map(({ daemon }) => daemon)
  })
}

/**
 * The network of a folder. Where its file is gone or damaged it is made again of what its daemons have.
 * @param tell in words, that this was done
 * @throws InvalidError `network.damaged`, `config.version` for one that another version wrote, which is left as it is
 */
export async function knownNetwork(root: string, tell: (text: string) => void): Promise<NetworkFile> {
  const path = networkFileOf(root)
  try {
    return await readNetworkFile(path)
  } catch (cause) {
    if (cause instanceof TilthError && cause.code === 'config.version') throw cause
    const again = await fromDaemons(root).catch(() => undefined)
    if (again === undefined)
      throw new InvalidError('network.damaged', `${path} is gone or damaged, and so is what it could be made of`, {
        help: `Put back a copy of it; or throw the network away with --fresh.`,
        cause
      })
    tell(`${path} was gone or damaged: made again of what the daemons have`)
    return again
  }
}
