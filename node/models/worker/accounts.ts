import { digest, recoverDigest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import {
  checkVoucher,
  claimedUp,
  deposited,
  feeOf,
  openChannel,
  paidUp,
  receiptFor,
  receipted,
  requestSeconds,
  tokensWanted
} from '../../../protocol/models/index.ts'
import type { ChannelState, CosignedReceipt, Finish, Opening } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../../chain/types.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Parts } from '../deps.ts'
import { inChannel } from '../records.ts'
import type { AnswerRecord, PendingReceipt, Tables, WorkerChannel } from '../records.ts'
import type { Receipts } from '../receipts.ts'

/**
 * An answer that has no countersigned receipt yet. `sent` counts its tokens on the wire, `record.answer` those known to
 * have arrived.
 */
export interface Answer {
  readonly id: Hex
  record: AnswerRecord
  sent: number
  /** Its stream is gone: the next one of its channel brings its receipt. */ orphan: boolean
}

/** A channel in use: what is on disk, and the answers that are owed on it. */
export interface Account {
  readonly id: Hex
  readonly client: Address
  record: WorkerChannel
  readonly answers: Map<Hex, Answer>
  /** Called when a voucher has come. */
  readonly waiting: Set<() => void>
}

export interface Accounts {
  /** Answers that a crash cut off end with what had arrived. */
  load(): Promise<void>
  account(channel: ChannelOnChain): Promise<Account>
  find(channel: Hex): Account | undefined
  all(): Account[]
  /** Everything earned and not paid: receipts, one on its way, running and ended answers. */
  owed(account: Account): bigint
  /** What it may come to: running answers in full. */
  committed(account: Account): bigint
  wasServed(request: Hex): Promise<boolean>
  begin(account: Account, request: Hex, record: AnswerRecord): Promise<Answer>
  /** Durable when it resolves: the voucher, and how much of an answer has arrived. @throws as checkVoucher */
  pay(account: Account, voucher: Signed<'Voucher'>, arrived?: { answer: Answer; ids: readonly number[] }): Promise<void>
  /** Nothing more comes of an answer. With no tokens arrived there is nothing to sign for. */
  end(account: Account, answer: Answer, arrived: readonly number[], finish: Finish): Promise<void>
  /**
   * The receipt that wants a countersignature: one left over, else that of `own`, else an orphan's; signed at the
   * latest now, and on disk. `undefined` when all is signed.
   */
  pending(account: Account, own?: Hex): Promise<PendingReceipt | undefined>
  /**
   * Both signatures, the payment and the chain's new head are on disk when it resolves.
   * @throws InvalidError `signature.mismatch`, `voucher.short`, `receipt.unknown`
   */
  countersign(account: Account, signature: Hex, voucher: Signed<'Voucher'> | null): Promise<Hex>
  /** What the chain says of a channel. */
  update(account: Account, change: (channel: ChannelState) => ChannelState): Promise<void>
  /** Answers that ended before then and that no client came back to sign for are given up. @returns how many */
  expire(before: bigint): Promise<number>
  /** One at a time on a channel: signing is a chain. */
  exclusively<T>(account: Account, task: () => Promise<T>): Promise<T>
}

/** What clients owe this worker and have promised it, on disk before anything is answered. */
export function createAccounts(parts: Parts, tables: Tables, receipts: Receipts): Accounts {
  const { store, network, key, self, now } = parts
  const byChannel = new Map<Hex, Account>()
  const queue = createQueue({ name: 'receipts', bound: 4096, concurrency: 256 })

  const feeFor = ({ record: { offer, inputTokens } }: Answer, tokens: number): bigint =>
    feeOf(offer.message, inputTokens, tokens)
  const save = (account: Account): Promise<void> => tables.workerChannels.put(account.id, account.record)

  function owed(account: Account): bigint {
    let sum = account.record.channel.settled
    for (const answer of account.answers.values()) sum += feeFor(answer, answer.sent)
    return sum
  }

  function requireHigher(account: Account, voucher: Signed<'Voucher'>): boolean {
    const { channel } = account.record
    return checkVoucher(voucher, {
      network,
      channel: account.id,
      client: account.client,
      deposit: channel.deposit,
      paid: channel.paid
    })
  }

  const accounts: Accounts = {
    async load() {
      // What is too old to be answered need not be remembered.
      for await (const [request, { issuedAt }] of tables.served.entries())
        if (issuedAt + 2n * requestSeconds < now()) await tables.served.delete(request)
      for await (const record of tables.workerChannels.values())
        byChannel.set(record.id, {
          id: record.id,
          client: record.client,
          record,
          answers: new Map(),
          waiting: new Set()
        })
      for await (const [at, record] of tables.answers.entries()) {
        const account = byChannel.get(record.statement.message.channel)
        if (account === undefined) continue
        const id = digest(network, 'InferenceRequest', record.statement.message)
        const answer: Answer = { id, record, sent: record.answer.length, orphan: true }
        if (record.state === 'running' && record.answer.length === 0) {
          await tables.answers.delete(at)
          continue
        }
        account.answers.set(id, answer)
        if (record.state === 'running') await accounts.end(account, answer, record.answer, 'cancelled')
      }
    },
    async account(onChain) {
      const known = byChannel.get(onChain.id)
      if (known !== undefined) {
        // Only news is written: most requests find the channel as it was.
        const channel =
          known.record.channel.state === 'open'
            ? claimedUp(deposited(known.record.channel, onChain.deposit), onChain.claimed)
            : known.record.channel
        if (channel !== known.record.channel) {
          known.record = { ...known.record, channel }
          await save(known)
        }
        return known
      }
      const { id, client, model, expiry } = onChain
      const record: WorkerChannel = {
        id,
        client,
        model,
        expiry,
        channel: openChannel(onChain.deposit),
        voucher: null,
        pending: null
      }
      const account: Account = { id, client, record, answers: new Map(), waiting: new Set() }
      byChannel.set(id, account)
      await save(account)
      return account
    },
    find: channel => byChannel.get(channel),
    all: () => [...byChannel.values()],
    owed,
    committed: account =>
      [...account.answers.values()].reduce(
        (sum, answer) =>
          sum + feeFor(answer, answer.record.state === 'running' ? tokensWanted(answer.record.content) : answer.sent),
        account.record.channel.settled
      ),
    wasServed: request => tables.served.has(request),
    async begin(account, request, record) {
      const answer: Answer = { id: request, record, sent: 0, orphan: false }
      account.answers.set(request, answer)
      await store.batch(batch => {
        batch
          .put(tables.answers, inChannel(account.id, request), record)
          .put(tables.served, request, { issuedAt: record.statement.message.issuedAt })
      })
      return answer
    },
    async pay(account, voucher, arrived) {
      const higher = requireHigher(account, voucher)
      if (higher)
        account.record = {
          ...account.record,
          channel: paidUp(account.record.channel, voucher.message.cumulative),
          voucher: voucher.signature
        }
      if (arrived !== undefined) arrived.answer.record = { ...arrived.answer.record, answer: [...arrived.ids] }
      if (higher || arrived !== undefined) {
        await store.batch(batch => {
          if (higher) batch.put(tables.workerChannels, account.id, account.record)
          if (arrived !== undefined)
            batch.put(tables.answers, inChannel(account.id, arrived.answer.id), arrived.answer.record)
        })
      }
      for (const wake of account.waiting) wake()
    },
    async end(account, answer, arrived, finish) {
      const at = inChannel(account.id, answer.id)
      answer.sent = arrived.length
      if (arrived.length === 0 && finish === 'cancelled') {
        account.answers.delete(answer.id)
        await tables.answers.delete(at)
        return
      }
      answer.record = { ...answer.record, state: 'ended', finish, answer: [...arrived], finishedAt: now() }
      await tables.answers.put(at, answer.record)
    },
    async pending(account, own) {
      if (account.record.pending !== null) return account.record.pending
      const ended = [...account.answers.values()]
        .filter(({ id, record, orphan }) => record.state === 'ended' && (own === undefined ? orphan : id === own))
        .sort((a, b) => Number(a.record.finishedAt - b.record.finishedAt) || (a.id < b.id ? -1 : 1))
      const [answer] = ended
      if (answer === undefined) return undefined
      const { statement, content, offer, inputTokens, startedAt, finishedAt, answer: ids } = answer.record
      const message = receiptFor(
        network,
        account.record.channel,
        { request: statement, content, offer: offer.message, inputTokens, answer: ids },
        { startedAt, finishedAt: finishedAt < startedAt ? startedAt : finishedAt }
      )
      const pending: PendingReceipt = {
        receipt: signStatement(network, 'Receipt', message, key),
        answer: ids
      }
      account.record = { ...account.record, pending }
      await save(account)
      return pending
    },
    async countersign(account, signature, voucher) {
      const { pending } = account.record
      if (pending === null)
        throw new InvalidError('receipt.unknown', 'no receipt of this channel wants a countersignature')
      const { message } = pending.receipt
      // [reject] A countersignature is the channel's client's, over this receipt.
      if (recoverDigest(digest(network, 'Receipt', message), signature) !== account.client)
        throw new InvalidError('signature.mismatch', 'the receipt is countersigned by another')
      const higher = voucher !== null && requireHigher(account, voucher)
      const paid = higher ? paidUp(account.record.channel, voucher.message.cumulative) : account.record.channel
      const channel = receipted(paid, network, message)
      const answer = account.answers.get(message.request)
      const cosigned: CosignedReceipt = {
        receipt: pending.receipt,
        clientSignature: signature,
        client: account.client,
        worker: self
      }
      const opening: Opening | undefined =
        answer === undefined
          ? undefined
          : { request: answer.record.statement, content: answer.record.content, answer: pending.answer }
      account.record = {
        ...account.record,
        channel,
        pending: null,
        voucher: higher ? voucher.signature : account.record.voucher
      }
      account.answers.delete(message.request)
      let id = message.request
      await store.batch(batch => {
        id = receipts.keep(batch, cosigned, opening)
        batch
          .put(tables.workerChannels, account.id, account.record)
          .delete(tables.answers, inChannel(account.id, message.request))
      })
      for (const wake of account.waiting) wake()
      receipts.announce(id, 'worker', cosigned)
      return id
    },
    async update(account, change) {
      const channel = change(account.record.channel)
      if (channel === account.record.channel) return
      account.record = { ...account.record, channel }
      await save(account)
    },
    async expire(before) {
      let count = 0
      for (const account of byChannel.values()) {
        for (const [id, { record }] of account.answers) {
          const { pending } = account.record
          if (record.state !== 'ended' || record.finishedAt >= before || pending?.receipt.message.request === id)
            continue
          account.answers.delete(id)
          await tables.answers.delete(inChannel(account.id, id))
          count++
        }
      }
      return count
    },
    exclusively: (account, task) => queue.run(account.id, task)
  }
  return accounts
}
