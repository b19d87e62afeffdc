import { ChainError } from '../../../node/chain/index.ts'
import type { Chain, ChainEvent } from '../../../node/chain/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { fakeChain } from '../../node/chain/fake-chain.ts'
import type { Fact } from '../../node/chain/fake-chain.ts'
import { network } from '../chain.ts'
import { readingOf, unreachable } from '../reading.ts'
import { never } from '../store.ts'
import type { Life } from '../store.ts'
import { channelCalls } from './channels.ts'
import { escrowCalls } from './escrows.ts'
import { modelCalls } from './models.ts'
import { balanceOf, copyOf, emptyState, Refusal } from './state.ts'
import type { Access, Call, Mined, TokenState } from './state.ts'

interface Sent {
  readonly from: Address
  readonly call: Call
  readonly transaction: Hex
  block: bigint | undefined
  readonly done: PromiseWithResolvers<Mined>
}
/** A chain with accounts that pay each other: what was sent is in the next block, and blocks may be taken back. */
export interface TokenChain {
  mine(): void
  /** Takes the last blocks back; what was in them waits again, in another order but for each account's own. */
  reorganise(blocks: number): void
  as(account: Address, isCut: () => boolean, life: Life): Chain
  /** As a call of somebody's who needs no node for it. */
  send(from: Address, call: Call): Promise<Mined>
  events(): readonly ChainEvent[]
  readonly state: TokenState
  /** All tokens there are. */
  readonly supply: bigint
}

/**
 * @param genesis what stands in the first block
 * @param began second of the block before
 * @param heard how long an account waits until it hears of what was mined: no two at the same moment
 */
export function tokenChain(
  balances: ReadonlyMap<Address, bigint>,
  genesis: readonly { readonly from: Address; readonly call: Call }[],
  began: number,
  heard: (account: Address) => Promise<void>
): TokenChain {
  const blocks = fakeChain('', 31337, began)
  const supply = [...balances.values()].reduce((sum, one) => sum + one, 0n)
  /** After each block. */
  const states: TokenState[] = [emptyState(balances)]
  let [sent, waiting, made]: [Sent[], Sent[], number] = [[], [], 0]
  const last = (): TokenState => states.at(-1) as TokenState

  function mine(): void {
    const state = waiting.length === 0 ? last() : copyOf(last())
    const facts: Fact[] = []
    const block = BigInt(blocks.height + 1)
    const told: (() => void)[] = []
    for (const one of waiting) {
      const { from, call, transaction, done } = one
      try {
        const logs = call(state, { from, now: BigInt(began) + block })
        facts.push(...logs.map(log => ({ ...log, transaction })))
        one.block = block
        told.push(() => done.resolve({ block, transaction, logs }))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        const refused = { details: { error: error.message } }
        told.push(() =>
          done.reject(new ChainError('chain.reverted', `the contract refuses: ${error.message}`, refused))
        )
      }
    }
    blocks.mine(facts)
    states.push(state)
    waiting = []
    sent = sent.filter(one => one.block !== undefined)
    for (const tell of told) tell()
  }
  function send(from: Address, call: Call): Promise<Mined> {
    const transaction = keccak(`transaction ${++made}`)
    const one: Sent = { from, call, transaction, block: undefined, done: Promise.withResolvers() }
    one.done.promise.catch(() => undefined) // whoever sent it may be gone
    sent.push(one)
    waiting.push(one)
    return one.done.promise
  }
  for (const { from, call } of genesis) void send(from, call)
  mine()

  return {
    mine,
    reorganise(count) {
      const from = BigInt(blocks.height - count)
      blocks.drop(count)
      states.length = blocks.height + 1
      const back = sent.filter(({ block }) => block !== undefined && block > from)
      for (const one of back) one.block = undefined
      // An account's own stay in the order of their nonces.
      const accounts = [...new Set(back.map(one => one.from))].reverse()
      waiting = [...accounts.flatMap(account => back.filter(one => one.from === account)), ...waiting]
    },
    send,
    events: () => blocks.events(),
    get state() {
      return last()
    },
    supply,
    as(account, isCut, life) {
      const reached = async (): Promise<void> => {
        if (life.isOver) await never()
        if (isCut()) throw unreachable()
      }
      const access: Access = {
        async send(call) {
          await reached()
          const mined = await send(account, call).finally(() => heard(account))
          if (life.isOver) await never()
          return mined
        },
        async read(look) {
          await reached()
          return look(last())
        }
      }
      const reading = readingOf(network, blocks, reached)
      return {
        ...reading,
        account,
        models: modelCalls(account, access),
        channels: channelCalls(access),
        escrows: escrowCalls(account, access),
        datanets: {
          version: (datanet: Hex, version: number) =>
            access.read(({ versions }) => versions.get(`${datanet}/${version}`))
        },
        tokens: { balanceOf: (of: Address) => access.read(state => balanceOf(state, of)) },
        async head() {
          const { number, timestamp } = await reading.source.head()
          return { block: number, timestamp }
        }
      } as unknown as Chain
    }
  }
}
