import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { isRelayed } from '../addresses.ts'

/**
 * Milliseconds for which a new connection through a relay is left alone: hole punching puts a direct one in its place
 * within a second or two where it can, and with the relayed one ends whatever runs on it.
 */
const steadyMs = 3_000

/** Until a peer is connected directly, or the connection through a relay is what there is to be. */
export async function steady(libp2p: Libp2p, peer: PeerId, signal: AbortSignal): Promise<void> {
  const direct = (connection: Connection): boolean => !isRelayed(connection.remoteAddr)
  const connections = libp2p.getConnections(peer)
  if (connections.length === 0 || connections.some(direct)) return
  const left = Math.min(...connections.map(({ timeline }) => timeline.open)) + steadyMs - Date.now()
  if (left <= 0) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      libp2p.removeEventListener('connection:open', onOpen)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const onOpen = ({ detail }: CustomEvent<Connection>): void => {
      if (detail.remotePeer.equals(peer) && direct(detail)) done()
    }
    const timer = setTimeout(done, left)
    libp2p.addEventListener('connection:open', onOpen)
    signal.addEventListener('abort', done)
  })
  signal.throwIfAborted()
}
