import type { Chain } from '../../../node/chain/index.ts'
import type { EscrowOnChain, EscrowState } from '../../../node/chain/types.ts'
import { deliveryHash, escrowId } from '../../../protocol/contracts/index.ts'
import type { EscrowKey } from '../../../protocol/contracts/index.ts'
import { digest, recoverDigest } from '../../../protocol/crypto/index.ts'
import { zeroAddress, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { network } from '../chain.ts'
import type { Fact } from '../../node/chain/fake-chain.ts'
import { requires, transfer } from './state.ts'
import type { Access, Call, TokenState } from './state.ts'

// JobEscrow.sol: the same states, rules and errors, in the same order.

/** Seconds that a builder has at least to decide about a delivery. */
const decideWindow = 30n
const refusedFor = 30n * 86_400n
const depositPart = 10n

const none: EscrowOnChain = {
  state: 'none',
  builder: zeroAddress,
  worker: zeroAddress,
  amount: 0n,
  deadline: 0n,
  until: 0n,
  deposit: 0n,
  delivery: zeroHash
}
const escrowOf = ({ escrows }: TokenState, id: Hex): EscrowOnChain => escrows.get(id) ?? none

function within(state: TokenState, id: Hex, ...states: readonly EscrowState[]): EscrowOnChain {
  const escrow = escrowOf(state, id)
  requires(states.includes(escrow.state), 'WrongState')
  return escrow
}
/** Money is in it. */
const open = (state: TokenState, id: Hex): EscrowOnChain => within(state, id, 'funded', 'taken', 'delivered', 'refused')

function isSigned(statement: { escrow: Hex; worker: Address; amount: bigint }, signature: Hex, by: Address): boolean {
  try {
    return recoverDigest(digest(network, 'Release', statement), signature) === by
  } catch {
    return false // no signature at all
  }
}

function returnDeposit(state: TokenState, { worker, deposit }: EscrowOnChain): void {
  transfer(state, 'escrows', worker, deposit)
}
function loseDeposit(state: TokenState, escrow: Hex, { deposit }: EscrowOnChain): Fact[] {
  if (deposit === 0n) return []
  transfer(state, 'escrows', 'burnt', deposit)
  return [{ name: 'DepositLost', escrow, deposit }]
}
function payOut(state: TokenState, id: Hex, escrow: EscrowOnChain, amount: bigint): Fact[] {
  const returned = escrow.amount - amount
  state.escrows.set(id, { ...escrow, state: 'released' })
  transfer(state, 'escrows', escrow.worker, amount)
  transfer(state, 'escrows', escrow.builder, returned)
  returnDeposit(state, escrow)
  return [{ name: 'EscrowReleased', escrow: id, paid: amount, returned }]
}
function payBack(state: TokenState, id: Hex, escrow: EscrowOnChain): Fact {
  state.escrows.set(id, { ...escrow, state: 'refunded' })
  transfer(state, 'escrows', escrow.builder, escrow.amount)
  return { name: 'EscrowRefunded', escrow: id, amount: escrow.amount }
}

const fund =
  (key: EscrowKey, amount: bigint, deadline: bigint): Call =>
  (state, { from: builder, now }) => {
    const { job, worker } = key
    requires(amount > 0n, 'ZeroAmount')
    requires(deadline > now, 'DeadlinePassed')
    const id = escrowId(key)
    requires(escrowOf(state, id).state === 'none', 'AlreadyFunded')
    transfer(state, builder, 'escrows', amount)
    state.escrows.set(id, { ...none, state: 'funded', builder, worker, amount, deadline })
    return [{ name: 'EscrowFunded', escrow: id, job, builder, worker, amount, deadline }]
  }

const take =
  (id: Hex): Call =>
  (state, { from, now }) => {
    const escrow = within(state, id, 'funded')
    requires(from === escrow.worker, 'NotTheWorker')
    requires(now < escrow.deadline, 'DeadlinePassed')
    const deposit = escrow.amount / depositPart
    transfer(state, from, 'escrows', deposit)
    state.escrows.set(id, { ...escrow, state: 'taken', deposit })
    return [{ name: 'EscrowTaken', escrow: id, deposit }]
  }

const deliver =
  (id: Hex, { cid, log }: { readonly cid: string; readonly log: Hex }): Call =>
  (state, { from, now }) => {
    const escrow = within(state, id, 'taken')
    requires(from === escrow.worker, 'NotTheWorker')
    requires(now < escrow.deadline, 'DeadlinePassed')
    const least = now + decideWindow
    const until = least > escrow.deadline ? least : escrow.deadline
    state.escrows.set(id, { ...escrow, state: 'delivered', until, delivery: deliveryHash({ cid, log }) })
    return [{ name: 'EscrowDelivered', escrow: id, cid, log, decideBy: until }]
  }

const release =
  (id: Hex): Call =>
  (state, { from }) => {
    const escrow = open(state, id)
    requires(from === escrow.builder, 'NotTheBuilder')
    return payOut(state, id, escrow, escrow.amount)
  }

const settle =
  (id: Hex): Call =>
  (state, { now }) => {
    const escrow = within(state, id, 'delivered')
    requires(now >= escrow.until, 'StillDeciding')
    return payOut(state, id, escrow, escrow.amount)
  }

const refuse =
  (id: Hex): Call =>
  (state, { from, now }) => {
    const escrow = within(state, id, 'delivered')
    requires(from === escrow.builder, 'NotTheBuilder')
    requires(now < escrow.until, 'DeadlinePassed')
    const until = now + refusedFor
    state.escrows.set(id, { ...escrow, state: 'refused', until })
    return [{ name: 'EscrowRefused', escrow: id, burnFrom: until }]
  }

const releaseFor =
  (statement: { escrow: Hex; worker: Address; amount: bigint }, signature: Hex): Call =>
  (state, { from }) => {
    const escrow = open(state, statement.escrow)
    requires(statement.worker === escrow.worker, 'NotTheWorker')
    requires(statement.amount <= escrow.amount, 'MoreThanFunded')
    requires(statement.amount === escrow.amount || from === escrow.worker, 'LessThanFunded')
    requires(isSigned(statement, signature, escrow.builder), 'BadSignature')
    return payOut(state, statement.escrow, escrow, statement.amount)
  }

const refund =
  (id: Hex): Call =>
  (state, { from, now }) => {
    const escrow = open(state, id)
    if (from !== escrow.worker) {
      requires(from === escrow.builder, 'NotTheBuilder')
      requires(escrow.state === 'funded' || escrow.state === 'taken', 'WrongState')
      requires(escrow.state === 'funded' || now >= escrow.deadline, 'DeadlineNotOver')
    }
    const back = payBack(state, id, escrow)
    if (escrow.state !== 'delivered') return [back, ...loseDeposit(state, id, escrow)]
    returnDeposit(state, escrow)
    return [back]
  }

const refundWithConsent =
  (id: Hex, signature: Hex): Call =>
  (state, { from }) => {
    const escrow = open(state, id)
    requires(from === escrow.builder, 'NotTheBuilder')
    requires(escrow.state === 'funded' || escrow.state === 'taken', 'WrongState')
    const { worker } = escrow
    requires(isSigned({ escrow: id, worker, amount: 0n }, signature, worker), 'BadSignature')
    const back = payBack(state, id, escrow)
    returnDeposit(state, escrow)
    return [back]
  }

export const escrowCalls = (account: Address, { send, read }: Access): Chain['escrows'] => ({
  escrow: id => read(state => escrowOf(state, id)),
  idOf: escrowId,
  async fund(key, amount, deadline) {
    const whole = { ...key, builder: account }
    return { ...(await send(fund(whole, amount, deadline))), escrow: escrowId(whole) }
  },
  depositOf: price => price / depositPart,
  take: id => send(take(id)),
  deliver: (id, delivery) => send(deliver(id, delivery)),
  release: id => send(release(id)),
  settle: id => send(settle(id)),
  refuse: id => send(refuse(id)),
  releaseFor: (statement, signature) => send(releaseFor(statement, signature)),
  refund: id => send(refund(id)),
  refundWithConsent: (id, signature) => send(refundWithConsent(id, signature))
})
