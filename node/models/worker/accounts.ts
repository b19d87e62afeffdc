import { digest } from '../../../protocol/crypto/index.ts'
import type { Message, Signed } from '../../../protocol/crypto/index.ts'
import { checkVoucher, feeOf, openChannel, paidUp, relied, tokensWanted } from '../../../protocol/models/index.ts'
import type { ChannelState, Finish } from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../../chain/types.ts'
import type { Parts } from '../deps.ts'
import { createHeld } from '../held.ts'
import { inChannel } from '../records.ts'
import type { AnswerRecord, Tables, WorkerChannel } from '../records.ts'
import { createAnswered } from './answered.ts'

/**
 * An answer that has no countersigned receipt yet. `sent` counts its tokens on the wire, `record.answer` those known to
 * have arrived.
 */
export interface Answer {
  readonly id: Hex
  record: AnswerRecord
  sent: number
  /** What of it may be unpaid while it runs and until it is signed for. */
  readonly credit: bigint
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
  /** It is on disk: one whose first write failed is written by whoever comes to it next. */ stored: boolean
}

export interface Accounts {
  /** Answers that a crash cut off end with what had arrived. */
  load(): Promise<void>
  /** The account of a channel as it can be relied on now. */
  account(channel: ChannelOnChain): Promise<Account>
  find(channel: Hex): Promise<Account | undefined>
  /** All channels as they are on disk, by id. */
  records(range?: { from?: string }): AsyncIterable<WorkerChannel>
  /** Everything earned and not paid: receipts, one on its way, running and ended answers. */
  owed(account: Account): bigint
  /** How far what is owed may be ahead of what is paid: the credits of all answers whose streams are there. */
  credit(account: Account): bigint
  /** What it may come to: running answers in full. */
  committed(account: Account): bigint
  wasServed(statement: Message<'InferenceRequest'>, request: Hex): Promise<boolean>
  /** Forgets requests that are too old to come again. */
  forgetServed(): Promise<void>
  /**
   * The answer counts at once; `written` resolves when a crash of the process does not undo it. Nobody has paid for it
   * yet, so it need not outlive the machine. What is paid later is written behind it; where the power is lost just as
   * the database begins a new log, that may outlive it, and the worker has a voucher for an answer that it forgot.
   */
  begin(
    account: Account,
    request: Hex,
    record: AnswerRecord,
    credit: bigint
  ): { answer: Answer; written: Promise<void> }
  /** Durable when it resolves: the voucher, and how much of an answer has arrived. @throws as checkVoucher */
  pay(account: Account, voucher: Signed<'Voucher'>, arrived?: { answer: Answer; ids: readonly number[] }): Promise<void>
  /** Whether a voucher pays more than those before it. @throws as checkVoucher */
  higher(account: Account, voucher: Signed<'Voucher'>): boolean
  /**
   * Nothing more comes of an answer. With no tokens arrived there is nothing to sign for. The disk has it no later than
   * the receipt.
   */
  end(account: Account, answer: Answer, arrived: readonly number[], finish: Finish): Promise<void>
  /** What the chain says of a channel. */
  update(account: Account, change: (channel: ChannelState) => ChannelState): Promise<void>
  /** Answers that ended before then and that no client came back to sign for are given up, and channels that ended. */
  /** @returns how many */
  expire(before: bigint): Promise<number>
}

/** Channels in memory beside those in use. */
const mostHeld = 4096

/** What clients owe this worker and have promised it, on disk before anything is answered. */
export function createAccounts({ store, network, now }: Parts, tables: Tables): Accounts {
  const held = createHeld(read, mostHeld)
  const answered = createAnswered({ store, now }, tables)

  /** A channel with the answers of it that wait to be signed for. Answers that run have somebody who holds it. */
  async function read(id: Hex): Promise<Account | undefined> {
    const record = await tables.workerChannels.get(id)
    if (record === undefined) return undefined
    const account: Account = { id, client: record.client, record, answers: new Map(), waiting: new Set(), stored: true }
    for await (const answer of tables.answers.values({ prefix: inChannel(id, '') })) {
      const request = digest(network, 'InferenceRequest', answer.statement.message)
      const one: Answer = { id: request, record: answer, sent: answer.answer.length, credit: 0n, orphan: true }
      account.answers.set(request, one)
      // Whatever gave it has ended: a crash cut it off.
      if (answer.state === 'running') await accounts.end(account, one, answer.answer, 'cancelled')
    }
    return account
  }

  const feeFor = ({ record: { offer, inputTokens } }: Answer, tokens: number): bigint =>
    feeOf(offer.message, inputTokens, tokens)
  async function save(account: Account): Promise<void> {
    await tables.workerChannels.put(account.id, account.record)
    account.stored = true
  }

  function owed(account: Account): bigint {
    let sum = account.record.channel.settled
    for (const answer of account.answers.values()) sum += feeFor(answer, answer.sent)
    return sum
  }

  function higher(account: Account, voucher: Signed<'Voucher'>): boolean {
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
      await answered.load()
      let last: Hex | undefined
      for await (const { state, statement } of tables.answers.values()) {
        const { channel } = statement.message
        if (state === 'running' && channel !== last) await held.get(channel)
        last = channel
      }
    },
    async account(onChain) {
      const { id, client, model, expiry } = onChain
      const known = await held.get(id)
      if (known !== undefined) {
        await accounts.update(known, channel => relied(channel, onChain))
        return known
      }
      const channel = relied(openChannel(onChain.deposit), onChain)
      const record: WorkerChannel = {
        id,
        client,
        model,
        expiry,
        channel,
        voucher: null,
        pending: null,
        endedAt: 0n
      }
      const account = held.keep(id, () => ({
        id,
        client,
        record,
        answers: new Map(),
        waiting: new Set(),
        stored: false
      }))
      await save(account)
      return account
    },
    find: channel => held.get(channel),
    records: range => tables.workerChannels.values(range),
    owed,
    credit: account => {
      let sum = 0n
      for (const { orphan, credit } of account.answers.values()) if (!orphan) sum += credit
      return sum
    },
    committed: account =>
      [...account.answers.values()].reduce(
        (sum, answer) =>
          sum + feeFor(answer, answer.record.state === 'running' ? tokensWanted(answer.record.content) : answer.sent),
        account.record.channel.settled
      ),
    wasServed: (statement, request) => answered.has(statement, request),
    forgetServed: () => answered.forget(),
    begin(account, request, record, credit) {
      const answer: Answer = { id: request, record, sent: 0, credit, orphan: false }
      account.answers.set(request, answer)
      const written = store.batch(
        batch => {
          batch.put(tables.answers, inChannel(account.id, request), record)
          answered.add(batch, record.statement.message, request)
        },
        { sync: false }
      )
      written.catch(() => answered.drop(request)) // whoever answers is told
      return { answer, written }
    },
    higher,
    async pay(account, voucher, arrived) {
      const more = higher(account, voucher)
      if (more)
        account.record = {
          ...account.record,
          channel: paidUp(account.record.channel, voucher.message.cumulative),
          voucher: voucher.signature
        }
      if (arrived !== undefined) arrived.answer.record = { ...arrived.answer.record, answer: [...arrived.ids] }
      // One that a full disk did not take is written with the next, also where that is the same again.
      const writes = more || !account.stored
      const { record } = account
      if (more) account.stored = false
      if (writes || arrived !== undefined) {
        await store.batch(batch => {
          if (writes) batch.put(tables.workerChannels, account.id, record)
          if (arrived !== undefined)
            batch.put(tables.answers, inChannel(account.id, arrived.answer.id), arrived.answer.record)
        })
        if (account.record === record) account.stored = true
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
      await tables.answers.put(at, answer.record, { sync: false })
    },
    async update(account, change) {
      const channel = change(account.record.channel)
      if (channel === account.record.channel && account.stored) return
      const closed = channel.state === 'closed'
      account.record = { ...account.record, channel, endedAt: closed ? now() : 0n }
      await save(account)
      // After the write: whoever looks for it from now on reads what is written.
      if (closed) held.drop(account.id)
    },
    async expire(before) {
      let count = 0
      const drop = async (account: Account, id: Hex): Promise<void> => {
        account.answers.delete(id)
        await tables.answers.delete(inChannel(account.id, id))
        count++
      }
      for await (const { statement, state, finishedAt } of tables.answers.values()) {
        if (state !== 'ended' || finishedAt >= before) continue
        const account = await held.get(statement.message.channel)
        const id = digest(network, 'InferenceRequest', statement.message)
        if (account === undefined) await tables.answers.delete(inChannel(statement.message.channel, id))
        else if (account.record.pending?.receipt.message.request !== id) await drop(account, id)
      }
      for await (const { id, endedAt } of tables.workerChannels.values()) {
        if (endedAt === 0n || endedAt >= before) continue
        const account = await held.get(id)
        if (account === undefined || account.record.channel.state !== 'closed') continue
        for (const request of account.answers.keys()) await drop(account, request)
        held.drop(id)
        await tables.workerChannels.delete(id)
        count++
      }
      return count
    }
  }
  return accounts
}
