import type { Multiaddr } from '@multiformats/multiaddr'
import { hostOf, parseMultiaddr } from '../../node/transport/addresses.ts'
import { isPublic } from '../../node/transport/public.ts'
import { writeWhole } from '../../node/store/whole-file.ts'
import type { StatusView } from '../api/contract/index.ts'
import type { NetworkFile } from '../config/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { networkText } from './create.ts'

/**
 * Adds a node to those that others join by, in the place of what was written of it before: of a node that the whole
 * internet can dial only such addresses, of one whose network never leaves its machine those of the machine itself.
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
  const fits =
    file.preset === 'local' ? (address: Multiaddr): boolean => /^(127\.|::1$)/.test(hostOf(address) ?? '') : isPublic
  const best = addresses.filter(text => {
    const address = parseMultiaddr(text)
    return address !== undefined && fits(address)
  })
  const own = best.length > 0 ? best : addresses
  const bootstrap = [...file.bootstrap.filter(text => !text.endsWith(`/p2p/${peerId}`)), ...own]
  await writeWhole(path, `${networkText({ ...file, bootstrap })}\n`)
  return bootstrap
}
