import type { PublicClient } from 'viem'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { chainError } from '../errors/errors.ts'
import { eventNames } from './events.ts'
import { readEvents } from './read-events.ts'
import type { ChainEvent, ChainEventName } from './events.ts'
import type { FollowHandlers, Follower } from './types.ts'

/** Blocks asked for at once: RPC providers refuse more. */
const range = 1000n
/** How many blocks' hashes are remembered: a reorganisation deeper than this rewinds to the start. */
const remembered = 256
const longestPause = 10_000

export interface FollowOptions {
  from: bigint
  parent?: Hex
  names?: readonly ChainEventName[]
  pollMs: number
}

/**
 * Reads the chain's events forward, and back where the chain dropped blocks: one loop, one handler at a time. What the
 * chain no longer has is found by comparing the hashes of blocks read before.
 */
export function followChain(
  client: PublicClient,
  addresses: readonly Address[],
  { from, parent, names, pollMs }: FollowOptions,
  handlers: FollowHandlers
): Follower {
  const wanted = new Set<string>(names ?? eventNames)
  const abort = new AbortController()
  const read: { number: bigint; hash: Hex }[] =
    parent === undefined || from === 0n ? [] : [{ number: from - 1n, hash: parent }]
  let next = from
  let up = true

  const pause = (ms: number): Promise<void> =>
    new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      abort.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer)
          resolve()
        },
        { once: true }
      )
    })

  /** Undone until it is done: a handler that throws is called again, later and later. */
  async function handle(work: () => void | Promise<void>, event?: ChainEvent): Promise<void> {
    for (let wait = pollMs; !abort.signal.aborted; wait = Math.min(2 * wait, longestPause)) {
      try {
        return await work()
      } catch (error) {
        handlers.failed?.(error, event)
      }
      await pause(wait)
    }
  }

  const hashOf = (number: bigint, head: bigint): Promise<Hex | undefined> =>
    number > head
      ? Promise.resolve(undefined)
      : client.getBlock({ blockNumber: number }).then(({ hash }) => hash ?? undefined)

  /** Back to the last block that the chain still has as it was read. */
  async function rewindIfDropped(head: bigint): Promise<void> {
    const last = read.at(-1)
    if (last === undefined ? head >= next - 1n : (await hashOf(last.number, head)) === last.hash) return
    while (read.length > 0) {
      const at = read.at(-1)
      if (at !== undefined && (await hashOf(at.number, head)) === at.hash) break
      read.pop()
    }
    const kept = read.at(-1)?.number ?? 0n // nothing known is left: everything may be different
    next = kept + 1n
    await handle(() => handlers.rewound?.(kept))
  }

  /** @returns whether there is more to read at once */
  async function step(): Promise<boolean> {
    const head = await client.getBlockNumber()
    await rewindIfDropped(head)
    if (head < next || abort.signal.aborted) return false
    const to = head < next + range - 1n ? head : next + range - 1n
    const before = await hashOf(to, head)
    const events = readEvents(await client.getLogs({ address: [...addresses], fromBlock: next, toBlock: to }))
    const hash = await hashOf(to, head)
    if (hash === undefined || hash !== before) return true // reorganised while it was read: look again
    for (const event of events) {
      if (abort.signal.aborted) return false
      if (wanted.has(event.name)) await handle(() => handlers.event(event), event)
    }
    if (abort.signal.aborted) return false
    await handle(() => handlers.reached?.(to, hash))
    read.push({ number: to, hash })
    if (read.length > remembered) read.shift()
    next = to + 1n
    return to < head
  }

  async function loop(): Promise<void> {
    let wait = pollMs
    while (!abort.signal.aborted) {
      try {
        const more = await step()
        if (!up) {
          up = true
          handlers.health?.({ up })
        }
        wait = pollMs
        if (more) continue
      } catch (error) {
        if (up) {
          up = false
          handlers.health?.({ up, error: chainError('following the chain', error) })
        }
        wait = Math.min(2 * wait, longestPause)
      }
      await pause(wait)
    }
  }

  const running = loop()
  return {
    async stop() {
      abort.abort()
      await running
    }
  }
}
