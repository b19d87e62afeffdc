import { claimedUp, closedWith } from '../../../protocol/models/index.ts'
import { InvalidError, tokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Plan } from '../../runtime/index.ts'
import { redeemAt } from '../automation/redeeming.ts'
import type { Parts } from '../deps.ts'
import type { WorkerChannel } from '../records.ts'
import type { Account, Accounts } from './accounts.ts'

export interface Redeemer {
  start(): void
  stop(): Promise<void>
  /** Claims what every channel's highest voucher adds over what was claimed; `of`: of channels for these models. */
  all(options?: {
    atLeast: bigint
    of: (model: Hex) => boolean
    /** The pool whose epoch a settler closes. */
    closing?: Hex
  }): Promise<{ channels: number; amount: bigint }>
  /** One channel, now: the client has asked to close it. */
  one(account: Account): Promise<bigint>
  /**
   * Claims what a channel owes and ends it, which its worker may at any time: the rest goes back to its client.
   * @throws InvalidError `close.over`, `close.busy` while an answer goes over it · as the chain
   */
  close(account: Account): Promise<Hex>
}

/** Brings vouchers to the chain: when they are worth it, and before their channel ends. */
export function createRedeemer(
  { automations, chain, clock, timing, policy, events, log, metrics, roles }: Parts,
  accounts: Accounts
): Redeemer {
  /** One claim at a time: a claim that was overtaken by another of the same voucher would be refused. */
  const claims = createQueue({ name: 'claims', bound: 1_000, concurrency: 1, metrics })

  const due = ({ channel, voucher }: WorkerChannel): bigint =>
    voucher === null || channel.state === 'closed' ? 0n : channel.paid - channel.claimed

  async function one(account: Account): Promise<bigint> {
    const { channel, voucher } = account.record
    if (voucher === null || due(account.record) <= 0n) return 0n
    const { paid, claimed, transaction } = await chain.channels.claim(
      { channel: account.id, cumulative: channel.paid },
      voucher
    )
    // The sum by the chain's word: what was claimed before may have been taken back, and be paid with this.
    await accounts.update(account, state => claimedUp(state, claimed))
    events.emit('models.redeemed', { channel: account.id, paid, transaction })
    return paid
  }

  async function* plans(): AsyncGenerator<Plan> {
    const margin = BigInt(timing.marginSeconds)
    let now: bigint | undefined
    for await (const record of accounts.records()) {
      const { id, expiry, channel } = record
      const unclaimed = due(record)
      if (unclaimed <= 0n) continue
      now ??= (await chain.head()).timestamp
      const closing = channel.state === 'closing'
      const at = redeemAt(policy, margin, { due: unclaimed, expiry, closing }, now)
      if (at === 'now')
        yield {
          due: true,
          about: id,
          what: 'redeem a channel',
          run: () => claims.run('', async () => `redeemed ${tokenText(await claim(id))} tokens of a channel`)
        }
      else {
        const why = `${tokenText(unclaimed)} tokens so far; from ${tokenText(policy.redeemAt)} on it is worth its gas`
        yield { due: false, about: id, what: 'redeem a channel before its end', why, at: Number(at) * 1000 }
      }
    }
  }
  async function claim(id: Hex): Promise<bigint> {
    const account = await accounts.find(id)
    return account === undefined ? 0n : one(account)
  }

  const automation = roles.worker
    ? automations.add({ name: 'redeem', on: policy.redeem, everyMs: timing.redeemMs, plans })
    : undefined
  /** What was asked for from outside of the rounds: a client closes its channel, a settler an epoch. */
  function said(paid: bigint, about: string, why: string): bigint {
    if (paid > 0n) automation?.did({ about, what: `redeemed ${tokenText(paid)} tokens: ${why}` })
    return paid
  }
  let stop: (() => void) | undefined
  return {
    start() {
      automation?.start()
      stop = clock.every(
        timing.redeemMs,
        () => accounts.forgetServed(),
        error => {
          log.warn('old requests were not forgotten', { error })
        }
      )
    },
    async stop() {
      stop?.()
      await automation?.stop()
      await claims.idle()
    },
    all: options =>
      claims.run('', async () => {
        const { atLeast, of, closing } = options ?? { atLeast: 1n, of: () => true }
        // By hand it is done however it is switched.
        if (closing !== undefined && !policy.redeem) return { channels: 0, amount: 0n }
        let channels = 0
        let amount = 0n
        for await (const record of accounts.records()) {
          const paid = due(record) < atLeast || !of(record.model) ? 0n : await claim(record.id)
          if (paid > 0n) channels++
          amount += paid
        }
        if (closing !== undefined) said(amount, closing, 'an epoch closes')
        return { channels, amount }
      }),
    close: account =>
      claims.run('', async () => {
        if (account.record.channel.state === 'closed')
          throw new InvalidError('close.over', 'that channel is closed, and what it owed is claimed', {
            help: 'See `tilth earnings --payments`.'
          })
        if ([...account.answers.values()].some(({ orphan }) => !orphan))
          throw new InvalidError('close.busy', 'an answer is going over that channel', {
            help: 'Try again when it is there and paid.'
          })
        await one(account)
        const { refunded, transaction } = await chain.channels.finishClose(account.id)
        await accounts.update(account, state => closedWith(state, refunded))
        return transaction
      }),
    one: account =>
      policy.redeem
        ? claims.run('', async () => said(await one(account), account.id, 'its client closes the channel'))
        : Promise.resolve(0n)
  }
}
