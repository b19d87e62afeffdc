import type { Counter, Histogram } from 'prom-client'
import { counter, histogram } from '../runtime/index.ts'
import type { Metrics } from '../runtime/index.ts'

export interface TransportCounts {
  gossip: Counter<'topic' | 'verdict'>
  verdictSeconds: Histogram<'topic'>
  streams: Counter<'protocol' | 'direction' | 'outcome'>
  bans: Counter
}

/** What gossip and streams count; a connection gauge is declared where connections are (peers.ts). */
export const transportCounts = (metrics: Metrics): TransportCounts => ({
  gossip: counter(
    metrics,
    'tilth_gossip_messages_total',
    'Messages heard, by verdict: accept, ignore, reject, rate, busy, time, stale, repeat, newer; ' +
      'and own ones that were above the own share, as unsaid',
    ['topic', 'verdict']
  ),
  verdictSeconds: histogram(
    metrics,
    'tilth_gossip_verdict_seconds',
    'Seconds from a message to its verdict',
    [0.001, 0.01, 0.1, 1, 10],
    ['topic']
  ),
  streams: counter(
    metrics,
    'tilth_streams_total',
    'Streams that ended, by outcome: done, refused (a service said no), or the code of the wire',
    ['protocol', 'direction', 'outcome']
  ),
  bans: counter(metrics, 'tilth_peer_bans_total', 'Peers cut off for what they did')
})
