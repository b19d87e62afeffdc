import type { Connection, Stream } from '@libp2p/interface'
import { pause } from '../../harness/index.ts'
import { startStranger } from '../../node/transport/stranger.ts'
import type { Stranger, Victim } from '../../node/transport/stranger.ts'

/** What became of an attack, as the attacker saw it. */
export interface Outcome {
  /** Messages, streams or requests that it sent. */
  sent: number
  /** What it was told, by code, and how often; `reset` where it was told nothing. */
  readonly told: Record<string, number>
  /** Connections that the victim cut, and keys that were used up. */
  cut: number
}

export interface Attack {
  readonly victim: Victim
  readonly outcome: Outcome
  /** Until this many milliseconds of `performance.now()`. */
  readonly until: number
  tell(code: string): void
  /** Somebody with a fresh key, connected: the one of before was cut off. */
  fresh(): Promise<Somebody>
}

export interface Somebody {
  readonly stranger: Stranger
  readonly connection: Connection
  isThere(): boolean
  open(protocol: string): Promise<Stream>
  leave(): Promise<void>
}

const most = { maxOutboundStreams: 1_000_000 }

export function startAttack(victim: Victim, seconds: number): Attack {
  const outcome: Outcome = { sent: 0, told: {}, cut: 0 }
  return {
    victim,
    outcome,
    until: performance.now() + seconds * 1000,
    tell(code) {
      outcome.told[code] = (outcome.told[code] ?? 0) + 1
    },
    async fresh() {
      const stranger = await startStranger(victim)
      await stranger.dial()
      const [connection] = stranger.libp2p.getConnections()
      if (connection === undefined) throw new Error('it was not let in')
      return {
        stranger,
        connection,
        isThere: () => connection.status === 'open',
        open: protocol => connection.newStream(protocol, most),
        leave: async () => {
          if (connection.status !== 'open') outcome.cut++
          await stranger.libp2p.stop()
        }
      }
    }
  }
}

/**
 * Does something over and over until the time is over, so many a second at most, with a fresh key whenever it was cut
 * off.
 * @param begin is told of each new one @param act gets the number of the try
 */
export async function goOn(
  attack: Attack,
  perSecond: number,
  act: (by: Somebody, n: number) => Promise<void> | void,
  begin: (by: Somebody) => Promise<void> = async () => undefined
): Promise<void> {
  let n = 0
  while (performance.now() < attack.until) {
    const by = await attack.fresh().catch(() => undefined)
    if (by === undefined) {
      attack.tell('not let in')
      await pause(100)
      continue
    }
    try {
      await begin(by)
      let [allowed, last] = [0, performance.now()]
      while (by.isThere() && performance.now() < attack.until) {
        const now = performance.now()
        allowed = Math.min(perSecond, allowed + ((now - last) * perSecond) / 1000)
        last = now
        for (; allowed >= 1 && by.isThere(); allowed--) {
          await act(by, n++)
          attack.outcome.sent++
        }
        await pause(5)
      }
    } catch {
      attack.tell('reset')
    } finally {
      await by.leave()
    }
  }
}
