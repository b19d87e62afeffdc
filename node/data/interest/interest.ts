import { contributionMessage, weightOf } from '../../../protocol/data/index.ts'
import type { ContributionMessage, DatanetDocument } from '../../../protocol/data/index.ts'
import { LimitError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { topicKey } from '../../transport/index.ts'
import type { Book, DatanetRole } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'

/** Datanets followed at once. Anybody can name anybody as a validator, so what others decide has a smaller bound. */
export const mostFollowed = 1024
const mostNamed = 256
/** Peers of a Datanet that are looked for when it is joined. */
const enough = 3
const searchMs = 10_000

export interface InterestHooks {
  /** What is said in a followed Datanet. */
  hear(datanet: Hex, message: ContributionMessage, from: string): Promise<void>
  /** It is followed from now on: what was said before is to be caught up with. */
  joined(datanet: Hex): void
  left(datanet: Hex): Promise<void>
}

/**
 * Which Datanets this node has to do with, and why. It hears, judges and keeps only what is said in those; a Datanet is
 * left when the last role in it ends.
 */
export interface Interest {
  start(): Promise<void>
  stop(): void
  has(datanet: Hex): boolean
  roles(datanet: Hex): readonly DatanetRole[]
  all(): readonly Hex[]
  /** @throws LimitError `datanet.followed-many` */
  take(datanet: Hex, role: DatanetRole): Promise<void>
  end(datanet: Hex, role: DatanetRole): Promise<void>
  /** This node was given a seat on a roster that follows the one of the rules. */
  seated(datanet: Hex): Promise<void>
  /** What its rules make this node, or the chain since: host or validator. */
  known(datanet: Hex, document: DatanetDocument): Promise<void>
  /** Connects to some who hear a Datanet's topic, so that what is said there arrives. */
  meet(datanet: Hex): Promise<void>
  /** Peers who hear it, connected ones first, then whom the DHT names. */
  peersIn(datanet: Hex): Address[]
}

export function createInterest(
  deps: Pick<DataDeps, 'files' | 'gossip' | 'log' | 'peers' | 'self'>,
  book: Book,
  hooks: InterestHooks
): Interest {
  const { files, gossip, log, peers, self } = deps
  const held = new Map<Hex, Set<DatanetRole>>() // at most mostFollowed
  const hearing = new Map<Hex, () => void>() // of those held

  function hear(datanet: Hex): void {
    if (hearing.has(datanet)) return
    hearing.set(
      datanet,
      gossip.subscribe(datanetTopic(datanet), contributionMessage, (message, { peerId }) =>
        hooks.hear(datanet, message, peerId)
      )
    )
    files.provide(topicKey(datanetTopic(datanet))).catch((error: unknown) => {
      log.debug('who follows a Datanet was not announced in the DHT', { datanet, error })
    })
    interest.meet(datanet).catch((error: unknown) => {
      log.debug('nobody of a Datanet was met', { datanet, error })
    })
  }

  const interest: Interest = {
    async start() {
      for (const [datanet, role] of await book.roles()) {
        const roles = held.get(datanet) ?? new Set()
        if (held.size < mostFollowed || held.has(datanet)) held.set(datanet, roles.add(role))
      }
      for (const datanet of held.keys()) hear(datanet)
    },
    stop() {
      for (const off of hearing.values()) off()
      hearing.clear()
    },
    has: datanet => held.has(datanet),
    roles: datanet => [...(held.get(datanet) ?? [])].sort(),
    all: () => [...held.keys()],
    async take(datanet, role) {
      const roles = held.get(datanet)
      if (roles?.has(role) === true) return
      const most = role === 'validator' ? mostNamed : mostFollowed
      if (roles === undefined && held.size >= most)
        throw new LimitError('datanet.followed-many', `${held.size} Datanets are followed already`, {
          help: 'Leave some: tilth datanet unfollow NAME.'
        })
      held.set(datanet, (roles ?? new Set()).add(role))
      await book.putRole(datanet, role, true)
      if (roles !== undefined) return
      log.info('a Datanet is followed', { datanet, role })
      hear(datanet)
      hooks.joined(datanet)
    },
    async end(datanet, role) {
      const roles = held.get(datanet)
      if (roles?.delete(role) !== true) return
      if (roles.size === 0) {
        held.delete(datanet)
        hearing.get(datanet)?.()
        hearing.delete(datanet)
        log.info('a Datanet is followed no more', { datanet })
        await hooks.left(datanet)
      }
      // Ended on disk when all of it is let go: who is killed before follows it still, and can leave it again.
      if (held.get(datanet)?.has(role) !== true) await book.putRole(datanet, role, false)
    },
    async known(datanet, { statement, rules }) {
      const host = (await book.listing(datanet))?.host ?? statement.message.host
      if (host === self) await interest.take(datanet, 'host')
      if (weightOf(rules.validators, self) > 0) await interest.seated(datanet)
    },
    seated: datanet =>
      interest.take(datanet, 'validator').catch((error: unknown) => {
        if (!(error instanceof LimitError)) throw error
        log.warn('named as a validator of more Datanets than are followed by themselves; follow it to vote', {
          datanet
        })
      }),
    async meet(datanet) {
      const document = (await book.datanet(datanet))?.document
      const named = [
        (await book.listing(datanet))?.host ?? document?.statement.message.host,
        ...(document?.rules.validators ?? []).slice(0, enough).map(({ address }) => address)
      ].filter((address): address is Address => address !== undefined && address !== self)
      const signal = AbortSignal.timeout(searchMs)
      const quietly = (name: string): Promise<unknown> =>
        peers.dial(name, { signal }).catch((error: unknown) => {
          log.debug('a peer of a Datanet was not reached', { datanet, name, error })
        })
      await Promise.all(named.map(quietly))
      const topic = datanetTopic(datanet)
      if (gossip.subscribers(topic).length >= enough) return
      for await (const { address, peerId } of files.findProviders(topicKey(topic), { signal, limit: 8 })) {
        if (address === self) continue
        await quietly(peerId)
        if (gossip.subscribers(topic).length >= enough) return
      }
    },
    peersIn: datanet => gossip.subscribers(datanetTopic(datanet)).map(({ address }) => address)
  }
  return interest
}
