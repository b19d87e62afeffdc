import { digest } from '../../protocol/crypto/index.ts'
import type { Network } from '../../protocol/crypto/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { ChainError } from '../../node/chain/index.ts'
import type { Chain, ChainEvent } from '../../node/chain/index.ts'
import { fakeChain } from '../node/chain/fake-chain.ts'
import type { Fact } from '../node/chain/fake-chain.ts'
import { readingOf, unreachable } from './reading.ts'

export const network: Network = { chainId: 31337, registry: `0x${'11'.repeat(20)}` }
/** Blocks that a node waits for: what is taken back at once is less, and more where it happens again and again. */
export const confirmations = 3

type Of<N extends ChainEvent['name']> = Extract<ChainEvent, { name: N }>
/** What accounts can ask of the contracts here, as the event that comes of it. */
type Call = Extract<Fact, { name: 'DatanetCreated' | 'Committed' | 'VersionAnchored' | 'DoubleVote' }>
interface Mined {
  readonly block: bigint
  readonly transaction: Hex
}
/** What an account sent: the event that it asks for, and what became of it. */
interface Sent {
  readonly fact: Call
  readonly transaction: Hex
  block: bigint | undefined
  readonly done: PromiseWithResolvers<Mined>
}

/** The one chain of a simulated network: what was sent is in the next block, and blocks may be taken back. */
export interface SimulatedChain {
  /** Puts what waits into a block. */
  mine(): void
  /** Takes the last blocks back; what was in them waits again, in another order. */
  reorganise(blocks: number): void
  /** As an account sees it; `isCut` while it cannot be reached. */
  as(account: Address, isCut: () => boolean): Chain
  /** Everything that stands on it now. */
  events(): readonly ChainEvent[]
}

/** @param stakes what accounts have at stake from the first block on */
export function simulatedChain(stakes: ReadonlyMap<Address, bigint>): SimulatedChain {
  const blocks = fakeChain()
  let sent: Sent[] = []
  let waiting: Sent[] = []
  blocks.mine([...stakes].map(([node, amount]) => ({ name: 'Staked', node, amount })))

  const events = <N extends ChainEvent['name']>(name: N): Of<N>[] =>
    blocks.events().filter((event): event is Of<N> => event.name === name)

  /** What the contracts make of it, after all that stands and what else is in its block; a word: they refuse it. */
  function executed(fact: Call, block: readonly Fact[]): Fact[] | string {
    const before = [...blocks.events(), ...block]
    const isThere = (same: (other: Fact) => boolean): boolean => before.some(same)
    switch (fact.name) {
      case 'DatanetCreated':
        return isThere(one => one.name === fact.name && one.datanet === fact.datanet) ? 'AlreadyExists' : [fact]
      case 'Committed': {
        if (isThere(one => one.name === fact.name && one.contribution === fact.contribution)) return 'AlreadyCommitted'
        const others = before.filter(one => one.name === fact.name && one.datanet === fact.datanet)
        return [{ ...fact, index: BigInt(others.length + 1) }]
      }
      case 'VersionAnchored': {
        const others = before.filter(one => one.name === fact.name && one.datanet === fact.datanet)
        return fact.version === others.length + 1 ? [fact] : 'VersionOutOfOrder'
      }
      case 'DoubleVote': {
        const { contribution, validator, reporter } = fact
        if (!isThere(one => one.name === 'Committed' && one.contribution === contribution)) return 'UnknownContribution'
        if (isThere(one => one.name === fact.name && one.contribution === contribution && one.validator === validator))
          return 'AlreadyPunished'
        const isGone = isThere(one => one.name === 'Slashed' && one.node === validator)
        const amount = isGone ? 0n : (stakes.get(validator) ?? 0n)
        const slash = { name: 'Slashed', node: validator, amount, reporter, reward: amount / 10n } as const
        return amount === 0n ? [{ ...fact, slashed: 0n }] : [slash, { ...fact, slashed: amount }]
      }
    }
  }
  function mine(): void {
    const facts: Fact[] = []
    const block = BigInt(blocks.height + 1)
    const told: (() => void)[] = []
    for (const one of waiting) {
      const { transaction, done } = one
      const found = executed(one.fact, facts)
      if (typeof found === 'string') {
        const error = new ChainError('chain.reverted', `the contract refuses: ${found}`, { details: { error: found } })
        told.push(() => {
          done.reject(error)
        })
        continue
      }
      facts.push(...found.map(fact => ({ ...fact, transaction })))
      one.block = block
      told.push(() => {
        done.resolve({ block, transaction })
      })
    }
    blocks.mine(facts)
    waiting = []
    sent = sent.filter(one => one.block !== undefined)
    for (const tell of told) tell()
  }
  function send(fact: Call, isCut: () => boolean): Promise<Mined> {
    if (isCut()) return Promise.reject(unreachable())
    const transaction = keccak(`transaction ${++made}`)
    const one: Sent = { fact, transaction, block: undefined, done: Promise.withResolvers() }
    one.done.promise.catch(() => undefined) // whoever sent it may be gone
    sent.push(one)
    waiting.push(one)
    return one.done.promise
  }
  let made = 0

  return {
    mine,
    reorganise(count) {
      const from = BigInt(blocks.height - count)
      blocks.drop(count)
      const back = sent.filter(({ block }) => block !== undefined && block > from)
      for (const one of back) one.block = undefined
      waiting = [...waiting, ...back.reverse()]
    },
    events: () => blocks.events(),
    as(account, isCut) {
      const reached = async (): Promise<void> => {
        if (isCut()) throw unreachable()
      }
      const datanets: Chain['datanets'] = {
        async datanet(id) {
          await reached()
          const made = events('DatanetCreated').find(({ datanet }) => datanet === id)
          if (made === undefined) return undefined
          const { host, rules, validators } = made
          return {
            host,
            rules,
            validators,
            founders: validators,
            roster: 1,
            commitments: BigInt(events('Committed').filter(({ datanet }) => datanet === id).length),
            version: events('VersionAnchored').filter(({ datanet }) => datanet === id).length
          }
        },
        async version(id, wanted) {
          await reached()
          const found = events('VersionAnchored').find(({ datanet, version }) => datanet === id && version === wanted)
          return found === undefined ? undefined : { root: found.root, count: found.count, cid: found.cid, roster: 1 }
        },
        async commitment(id) {
          await reached()
          return events('Committed').find(({ contribution }) => contribution === id)
        },
        async create({ rules, createdAt, validators }) {
          const datanet = digest(network, 'Datanet', { host: account, rules, createdAt })
          const members = validators.map(({ address, weight }) => ({ address, weight: BigInt(weight) }))
          const fact: Call = { name: 'DatanetCreated', datanet, host: account, rules, createdAt, validators: members }
          return { ...(await send(fact, isCut)), datanet }
        },
        async commitFor(statement) {
          const contribution = digest(network, 'Commitment', statement)
          const { datanet, contributor, commitment } = statement
          await send({ name: 'Committed', datanet, contributor, commitment, contribution, index: 0n }, isCut)
          const found = events('Committed').find(event => event.contribution === contribution)
          if (found === undefined) throw new ChainError('chain.event', 'it was taken back')
          return { block: found.block, transaction: found.transaction, contribution, index: found.index }
        },
        anchorVersion: statement =>
          send({ name: 'VersionAnchored', ...statement, blockHash: `0x${'00'.repeat(32)}` }, isCut),
        reportDoubleVote: async ({ vote: { contribution, validator } }) => {
          const fact: Call = { name: 'DoubleVote', contribution, validator, reporter: account, slashed: 0n }
          return { ...(await send(fact, isCut)), slashed: 0n }
        },
        rosterSilence: async () => 1_000_000n,
        proposeRoster: () => Promise.reject(new ChainError('chain.reverted', 'nobody hands over here')),
        speakOnRoster: () => Promise.reject(new ChainError('chain.reverted', 'nobody hands over here')),
        seatRoster: () => Promise.reject(new ChainError('chain.reverted', 'nobody hands over here')),
        reweigh: () => Promise.reject(new ChainError('chain.reverted', 'nobody hands over here')),
        proposeRules: () => Promise.reject(new ChainError('chain.reverted', 'rules stay here')),
        speakOnRules: () => Promise.reject(new ChainError('chain.reverted', 'rules stay here')),
        nameHost: () => Promise.reject(new ChainError('chain.reverted', 'nobody hands over here')),
        acceptHost: () => Promise.reject(new ChainError('chain.reverted', 'nobody hands over here'))
      }
      return {
        ...readingOf(network, blocks, reached),
        account,
        datanets,
        juries: {}
      } as unknown as Chain
    }
  }
}
