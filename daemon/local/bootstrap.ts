import { parseMultiaddr } from '../../node/transport/addresses.ts'
import { isPublic } from '../../node/transport/public.ts'
import { writeWhole } from '../../node/store/whole-file.ts'
import type { StatusView } from '../api/contract/index.ts'
import type { NetworkFile } from '../config/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { networkText } from './create.ts'

/**
 * Adds a node to those that others join by, in the place of what was written of it before. Of a node that the whole
 * internet can dial only such addresses are written.
 * @returns all addresses to join by
 * @throws InvalidError `network.other` for a node of another network
 */
export async function addNode(
  path: string,
  file: NetworkFile,
  { addresses, peerId, chain }: Pick<StatusView, 'addresses' | 'peerId' | 'chain'>
): Promise<string[]> {
  if (chain.id !== file.chain.chainId || chain.contracts.registry !== file.chain.contracts.registry)
    throw new InvalidError('network.other', `that daemon is not of the network in ${path}`, {
      help: 'Start it with --network and this file, or name another daemon.'
    })
  const open = addresses.filter(text => {
    const address = parseMultiaddr(text)
    return address !== undefined && isPublic(address)
  })
  const own = open.length > 0 ? open : addresses
  const bootstrap = [...file.bootstrap.filter(text => !text.endsWith(`/p2p/${peerId}`)), ...own]
  await writeWhole(path, `${networkText({ ...file, bootstrap })}\n`)
  return bootstrap
}
