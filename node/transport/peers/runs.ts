import { randomBytes } from 'node:crypto'
import { InvalidError, anySignal, keccak, toHex } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { maxRuns, runnerOf, runsAnswer, runsQuestion, signRun } from '../../../protocol/wire/index.ts'
import type { RunWord } from '../../../protocol/wire/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { createTwinWatch } from '../gossip/twin.ts'
import type { Peers, Streams } from '../types.ts'
import type { LastWord } from './last-word.ts'

const protocol = '/tilth/peers/runs/1'
/** Milliseconds between two questions, and for one of them. */
const askMs = 60_000
const answerMs = 20_000
/** Neighbours that are asked in turn. */
const mostAsked = 3
/**
 * Milliseconds that a word is remembered: long enough for those who ask in turn, and no longer, for a node
 * whose clock is set back comes by its own words of before.
 */
const heardMs = 900_000
/** Keys whose last words are remembered: a few kilobytes each. */
const maxKeys = 512

interface Heard {
  readonly word: RunWord
  /** By this node's clock, in milliseconds: what is said of the time is the other's. */
  readonly until: number
}

export interface RunsDeps {
  readonly key: Uint8Array
  readonly peers: Pick<Peers, 'connected' | 'self'>
  readonly streams: Streams
  readonly clock: Clock
  readonly log: Log
  readonly lastWord: LastWord
  /** Somebody else speaks with the node's key: told over and over. */
  readonly onTwin: () => void
}

/**
 * Finds out whether another process runs with this node's key: each tells its neighbours that it runs, signed, and asks
 * what others they heard so with the same key. Those of one key ask the same neighbours, as far as they share them.
 */
export function watchRuns(deps: RunsDeps, everyMs = askMs): () => Promise<void> {
  const { key, peers, streams, clock, log, lastWord, onTwin } = deps
  const life = new AbortController()
  const own = toHex(Uint8Array.from(randomBytes(32)))
  const heard = createCache<Address, readonly Heard[]>({ max: maxKeys, forMs: heardMs, clock })
  const twin = createTwinWatch(clock, onTwin, lastWord.before)
  let turn = 0
  const seconds = (): number => Math.floor(clock.now() / 1000)
  /** What is said before it is noted the next time is noted already. */
  const noted = (): Promise<void> => lastWord.keep(seconds() + Math.ceil((2 * everyMs) / 1000))

  const unhandle = streams.handle(protocol, async stream => {
    const word = await stream.next(runsQuestion)
    if (word === undefined) return
    // [reject] A run is told of by whoever has its key.
    if (runnerOf(word) !== stream.address) throw new InvalidError('peer.run', 'that run is of another key')
    const now = clock.now()
    const before = (heard.get(stream.address) ?? []).filter(({ until }) => until > now)
    await stream.send({ runs: before.map(({ word }) => word) })
    heard.set(stream.address, [...before, { word, until: now + heardMs }].slice(-maxRuns))
  })

  /** The same ones for every process with this key. */
  function asked(): string[] {
    const place = (peerId: string): string => keccak(`${peers.self.peerId} ${peerId}`)
    const all = peers.connected().map(({ peerId }) => [place(peerId), peerId] as const)
    return all
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, mostAsked)
      .map(([, peerId]) => peerId)
  }
  async function ask(): Promise<void> {
    await noted()
    const some = asked()
    const peer = some[turn++ % Math.max(1, some.length)]
    if (peer === undefined) return
    const signal = anySignal([life.signal, AbortSignal.timeout(answerMs)])
    const stream = await streams.open(peer, protocol, { signal })
    try {
      await stream.send(signRun(own, seconds(), key))
      const answer = await stream.next(runsAnswer, { signal })
      await stream.end()
      for (const word of answer?.runs ?? [])
        // [ignore] Only what was signed with this node's key says something of it.
        if (word.run !== own && runnerOf(word) === peers.self.address) twin(word.at)
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }
  const stopAsking = clock.every(everyMs, ask, error => {
    log.debug('a neighbour did not say what runs it has heard of', { error })
  })
  void noted() // it reports a failure by itself
  return async () => {
    stopAsking()
    life.abort()
    await lastWord.keep(seconds())
    await unhandle()
  }
}
