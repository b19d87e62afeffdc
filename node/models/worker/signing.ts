import { digest, recoverDigest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { paidUp, recalled, receiptFor, receipted } from '../../../protocol/models/index.ts'
import type { CosignedReceipt, Opening } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Parts } from '../deps.ts'
import { inChannel } from '../records.ts'
import type { PendingReceipt, Tables } from '../records.ts'
import { isWhole, newsOf } from '../recalling.ts'
import type { Receipts } from '../receipts.ts'
import type { Account, Accounts } from './accounts.ts'

/** The worker's side of the chain of receipts of each channel. */
export interface Signing {
  /** Whether something of this channel wants a countersignature and has no stream that brings it. */
  leftOver(account: Account): boolean
  /**
   * The receipt that wants a countersignature: one left over, else that of `own`, else an orphan's; signed at the
   * latest now. It is on its way to the disk; a worker that forgot it is shown it by its client, which keeps it before
   * it signs (`recall`). `undefined` when all is signed.
   */
  pending(account: Account, own?: Hex): Promise<PendingReceipt | undefined>
  /**
   * The next receipt of the channel can follow when it returns; both signatures, the payment and the chain's new head
   * are on disk when `written` resolves.
   * @throws InvalidError `signature.mismatch`, `voucher.short`, `receipt.unknown`
   */
  countersign(account: Account, signature: Hex, voucher: Signed<'Voucher'> | null): { id: Hex; written: Promise<void> }
  /**
   * Takes back what this worker has signed itself and forgotten: it goes on from there. What it may have been paid for
   * since is not signed for again. @returns whether there was anything @throws InvalidError as newsOf
   */
  recall(account: Account, shown: readonly CosignedReceipt[]): Promise<boolean>
  /** One at a time on a channel: signing is a chain. */
  exclusively<T>(account: Account, task: () => Promise<T>): Promise<T>
}

export function createSigning(
  { store, network, key, self, metrics, log }: Parts,
  tables: Tables,
  accounts: Accounts,
  receipts: Receipts
): Signing {
  const queue = createQueue({ name: 'receipts', bound: 4096, concurrency: 256, metrics })
  /** Channels of which a receipt is on its way. */
  const busy = new Set<Hex>()

  function exclusively<T>(account: Account, task: () => Promise<T>): Promise<T> {
    return queue.run(account.id, async () => {
      busy.add(account.id)
      try {
        return await task()
      } finally {
        busy.delete(account.id)
      }
    })
  }

  /** Receipts of a channel follow one another, so each that waited for the disk would hold up all behind it. */
  function note({ id, record }: Account): void {
    tables.workerChannels.put(id, record, { sync: false }).catch((error: unknown) => {
      log.debug('a receipt is not noted before its client has signed it', { channel: id, error })
    })
  }

  async function recall(account: Account, shown: readonly CosignedReceipt[]): Promise<boolean> {
    const { id, client, record } = account
    const news = newsOf(shown, record.channel, { network, id, client, worker: self })
    const last = news.at(-1)
    if (last === undefined) return false
    let { channel } = record
    for (const { receipt } of news) channel = recalled(channel, network, receipt.message)
    const signed = new Set(news.map(({ receipt }) => receipt.message.request))
    // Of what is not shown nobody knows which answers it was about: those of before may be among them.
    const until = isWhole(record.channel, news, network) ? -1n : last.receipt.message.finishedAt
    account.record = { ...record, channel, last, pending: null }
    await store.batch(batch => {
      for (const one of news) receipts.keep(batch, one, undefined)
      batch.put(tables.workerChannels, id, account.record)
      for (const [request, { record: answer }] of account.answers) {
        if (!signed.has(request) && (answer.state !== 'ended' || answer.finishedAt > until)) continue
        account.answers.delete(request)
        batch.delete(tables.answers, inChannel(id, request))
      }
    })
    for (const one of news) receipts.announce(digest(network, 'Receipt', one.receipt.message), 'worker', one)
    return true
  }

  return {
    recall: (account, shown) => exclusively(account, () => recall(account, shown)),
    leftOver: ({ id, record, answers }) =>
      (record.pending !== null && !busy.has(id)) ||
      [...answers.values()].some(answer => answer.orphan && answer.record.state === 'ended'),
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
      const pending: PendingReceipt = { receipt: signStatement(network, 'Receipt', message, key), answer: ids }
      account.record = { ...account.record, pending }
      note(account)
      return pending
    },
    countersign(account, signature, voucher) {
      const { pending } = account.record
      if (pending === null)
        throw new InvalidError('receipt.unknown', 'no receipt of this channel wants a countersignature')
      const { message } = pending.receipt
      // [reject] A countersignature is the channel's client's, over this receipt.
      if (recoverDigest(digest(network, 'Receipt', message), signature) !== account.client)
        throw new InvalidError('signature.mismatch', 'the receipt is countersigned by another')
      const higher = voucher !== null && accounts.higher(account, voucher)
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
        last: cosigned,
        pending: null,
        voucher: higher ? voucher.signature : account.record.voucher
      }
      account.answers.delete(message.request)
      let id = message.request
      const written = store.batch(batch => {
        id = receipts.keep(batch, cosigned, opening)
        batch
          .put(tables.workerChannels, account.id, account.record)
          .delete(tables.answers, inChannel(account.id, message.request))
      })
      for (const wake of account.waiting) wake()
      return {
        id,
        written: written.then(() => {
          receipts.announce(id, 'worker', cosigned)
        })
      }
    },
    exclusively
  }
}
