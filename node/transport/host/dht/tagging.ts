import type { KadDHT } from '@libp2p/kad-dht'

/** The part of libp2p's routing table that marks the peers closest to this node, left out of its interface. */
interface Tagging {
  onPeerPing(event: unknown): void
  updatePeerTags(): Promise<void>
}

/** Who was heard of just before a round is in the list by the next one: its place there is a hash. */
const roundsAfterNews = 2

/**
 * libp2p compares the closest peers with those of before every five seconds, and reads each of them from its text for
 * it, a curve point every time: with twenty of them a quarter of what an idle node does. They are others only once
 * one was heard of, so only then is anything compared.
 */
export function taggedOnNews<D extends KadDHT>(dht: D): D {
  const { closestPeerTagger: tagging } = (dht as { routingTable?: { closestPeerTagger?: Tagging } }).routingTable ?? {}
  if (tagging === undefined) return dht
  const [hear, update] = [tagging.onPeerPing.bind(tagging), tagging.updatePeerTags.bind(tagging)]
  let rounds = 0
  tagging.onPeerPing = event => {
    rounds = roundsAfterNews
    hear(event)
  }
  tagging.updatePeerTags = async () => {
    if (rounds === 0) return
    rounds--
    await update()
  }
  return dht
}
