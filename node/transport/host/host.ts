import { join } from 'node:path'
import { bootstrap } from '@libp2p/bootstrap'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { yamux } from '@libp2p/yamux'
import type { Helia } from 'helia'
import { Level } from 'level'
import { createLibp2p } from 'libp2p'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { checkFormat, levelRoom, requireHead, storeError } from '../../store/index.ts'
import { LendingBlocks } from '../blocks/lent.ts'
import { watchAlive } from './alive.ts'
import { createHelia } from '../blocks/helia.ts'
import { checkAnnounced, isRelayed, withoutPeer } from '../addresses.ts'
import { isPublic } from '../public.ts'
import { libp2pKey } from '../identity.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import type { Reputation } from '../limits/reputation.ts'
import { patientRouter } from '../blocks/routing.ts'
import type { TransportOptions } from '../types.ts'
import { Records } from './datastore.ts'
import { mendRecords } from './records.ts'
import { rareUpdates, wholeFrames } from './fewer-writes.ts'
import { createGater } from './gater.ts'
import { patienceMs, servicesOf } from './services.ts'
import type { Services } from './services.ts'
import { transportsOf } from './transports.ts'

/** Of blocks and notes of peers on disk; grows as the database's does. */
const blocksFormat = 1

/** A started Helia with its libp2p. */
export interface Host {
  readonly helia: Helia
  readonly blocks: LendingBlocks
  readonly libp2p: Libp2p<Services>
  readonly bootstrap: readonly string[]
  /** Whether its owner says where others see it. */
  readonly announced: boolean
  stop(): Promise<void>
}

/**
 * Starts the node's libp2p and Helia on its folder.
 * @throws InvalidError `key.invalid` · StoreError · TilthError `network.listen` when an address cannot be listened on
 */
export async function createHost(
  options: TransportOptions,
  reputation: Reputation,
  { clock, log }: { clock: Clock; log: Pick<Log, 'debug' | 'warn'> }
): Promise<Host> {
  const { directory, listen, announce, preset, clientMode = false } = options
  const privateKey = libp2pKey(options.privateKey)
  const announced = new Set(announce)
  checkAnnounced(announce ?? [], peerIdFromPrivateKey(privateKey).toString(), preset === 'local')
  const [transports, services] = [await transportsOf(options), await servicesOf(options, reputation, clock)]
  await checkFormat(directory, blocksFormat)
  const noted = join(directory, 'peers')
  await requireHead(noted, directory)
  // Opened here, because its package keeps only the text of why it could not.
  const records = new Level<string, Uint8Array>(noted, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    ...levelRoom
  })
  const datastore = new Records(records, directory, error => {
    log.warn("a write had failed; the database of peers' records was opened anew, and goes on", { error })
  })
  const blockstore = new LendingBlocks(join(directory, 'blocks'), datastore)
  try {
    await blockstore.open()
    await records.open()
    await datastore.open()
    await mendRecords(records, log)
  } catch (error) {
    throw storeError(error, directory)
  }

  const gater = createGater(
    reputation,
    {
      reservations: () => libp2p.services.relay?.reservations,
      addressOf: peer => libp2p.getConnections(peer)[0]?.remoteAddr
    },
    clock
  )
  const libp2p: Libp2p<Services> = await createLibp2p<Services>({
    start: false,
    privateKey,
    datastore,
    nodeInfo: { name: 'tilth', version: '0.1.0', userAgent: 'tilth/0.1.0' },
    addresses: {
      listen: [...listen],
      appendAnnounce: [...(announce ?? [])],
      // Who says where it is seen from outside knows that its inner addresses lead nowhere for others.
      announceFilter: addresses =>
        announced.size > 0 && preset === 'public'
          ? addresses.filter(
              address =>
                isRelayed(address) ||
                isPublic(address) ||
                announced.has(address.toString()) ||
                announced.has(withoutPeer(address).toString())
            )
          : addresses
    },
    transports,
    connectionEncrypters: [wholeFrames(noise())],
    // A stream that is not read holds at most what its window lets in: the window must stay below libp2p's read buffer
    // of 4 MiB, beyond which the stream would be reset instead of waiting.
    streamMuxers: [rareUpdates(yamux({ streamOptions: { maxStreamWindowSize: 2 << 20 } }))],
    peerDiscovery: options.bootstrap.length === 0 ? [] : [bootstrap({ list: [...options.bootstrap], timeout: 0 })],
    connectionMonitor: { enabled: false }, // watchAlive is in its place
    connectionManager: {
      maxConnections: 300,
      dialTimeout: patienceMs,
      addressDialTimeout: patienceMs / 2,
      inboundUpgradeTimeout: patienceMs,
      inboundStreamProtocolNegotiationTimeout: patienceMs,
      outboundStreamProtocolNegotiationTimeout: patienceMs,
      // Per host and second; on a local network all nodes are one host.
      inboundConnectionThreshold: preset === 'local' ? 1000 : 10
    },
    connectionGater: gater,
    services
  })
  const helia = await createHelia({ datastore, blockstore, routers: [patientRouter(libp2p)] }, libp2p)

  let stopWatching = (): void => undefined
  const stop = async (): Promise<void> => {
    stopWatching()
    try {
      await helia.stop()
    } catch (error) {
      // A disk that is full also fails the last words of a stop; the network must be left all the same.
      await libp2p.stop()
      throw storeError(error, directory)
    } finally {
      await datastore.close()
      await blockstore.close()
    }
  }
  try {
    await helia.start()
  } catch (cause) {
    await datastore.close()
    throw new TilthError('network.listen', `the node could not listen on ${listen.join(', ')}`, {
      consequence: 'fatal',
      cause,
      help: 'Another process may use the port: choose another one, or 0 for any.'
    })
  }
  stopWatching = watchAlive(libp2p, patienceMs, { clock, log })
  // Who says where it can be dialled can be asked.
  if (!clientMode && announced.size > 0) await libp2p.services.dht.setMode('server')
  return { helia, blocks: blockstore, libp2p, bootstrap: options.bootstrap, announced: announced.size > 0, stop }
}
