import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { Libp2p, Stream } from '@libp2p/interface'
import { LimitError } from '../../../protocol/primitives/index.ts'
import { relayLimits } from '../../../protocol/wire/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'

/** Milliseconds between looks at what a relay holds. */
const lookMs = 1_000

/**
 * libp2p's relay reads as fast as the sender sends, and holds in memory what the other side has not taken. When it is
 * too much, the connections whose reader is behind are ended: nobody makes a relay hold more by not reading.
 * @returns stop
 */
export function guardRelay(
  libp2p: Pick<Libp2p, 'getConnections'>,
  { clock, log }: { clock: Clock; log: Log },
  memory: number = relayLimits.memory
): () => void {
  /** Streams on which somebody's bytes go on to a node that has a place here, or come back from it. */
  const relayed = (): Stream[] =>
    libp2p
      .getConnections()
      .flatMap(({ streams }) => streams)
      .filter(({ protocol, writableNeedsDrain }) => through.has(protocol) && writableNeedsDrain)

  return clock.every(
    lookMs,
    () => {
      if (process.memoryUsage().arrayBuffers <= memory) return
      for (const stream of relayed()) {
        log.warn('a connection through this relay is ended: its reader is too far behind', { stream: stream.id })
        stream.abort(new LimitError('limit.busy', 'the reader is too far behind', { consequence: 'retry' }))
      }
    },
    error => {
      log.warn('the relay could not be looked after', { error })
    }
  )
}

const through: ReadonlySet<string> = new Set([RELAY_V2_STOP_CODEC, RELAY_V2_HOP_CODEC])
