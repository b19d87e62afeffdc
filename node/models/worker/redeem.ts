import { claimedUp } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Parts } from '../deps.ts'
import type { WorkerChannel } from '../records.ts'
import type { Account, Accounts } from './accounts.ts'

export interface Redeemer {
  start(): void
  stop(): Promise<void>
  /** Claims what every channel's highest voucher adds over what was claimed; `of`: of channels for these models. */
  all(options?: { atLeast: bigint; of: (model: Hex) => boolean }): Promise<{ channels: number; amount: bigint }>
  /** One channel, now: the client has asked to close it. */
  one(account: Account): Promise<bigint>
}

/** Brings vouchers to the chain: when they are worth it, and before their channel ends. */
export function createRedeemer(
  { chain, clock, timing, policy, log, events, metrics }: Parts,
  accounts: Accounts
): Redeemer {
  let stop: (() => void) | undefined
  /** One claim at a time: a claim that was overtaken by another of the same voucher would be refused. */
  const claims = createQueue({ name: 'claims', bound: 1_000, concurrency: 1, metrics })

  const due = ({ channel, voucher }: WorkerChannel): bigint =>
    voucher === null || channel.state === 'closed' ? 0n : channel.paid - channel.claimed

  async function one(account: Account): Promise<bigint> {
    const { channel, voucher } = account.record
    if (voucher === null || due(account.record) <= 0n) return 0n
    const { paid, transaction } = await chain.channels.claim({ channel: account.id, cumulative: channel.paid }, voucher)
    await accounts.update(account, state =>
      state.state === 'closed' ? state : claimedUp(state, channel.claimed + paid)
    )
    events.emit('models.redeemed', { channel: account.id, paid, transaction })
    return paid
  }

  async function look(): Promise<void> {
    await accounts.forgetServed()
    let timestamp: bigint | undefined
    for await (const record of accounts.records()) {
      const { id, expiry, channel } = record
      if (due(record) <= 0n) continue
      timestamp ??= (await chain.head()).timestamp
      const ending = channel.state === 'closing' || expiry <= timestamp + BigInt(timing.marginSeconds)
      if (ending || due(record) >= policy.redeemAt) await claim(id)
    }
  }
  async function claim(id: Hex): Promise<bigint> {
    const account = await accounts.find(id)
    return account === undefined ? 0n : one(account)
  }

  return {
    start() {
      stop = clock.every(
        timing.redeemMs,
        () => claims.run('', look),
        error => {
          log.warn('vouchers could not be claimed', { error })
        }
      )
    },
    async stop() {
      stop?.()
      await claims.idle()
    },
    all: ({ atLeast, of } = { atLeast: 1n, of: () => true }) =>
      claims.run('', async () => {
        let channels = 0
        let amount = 0n
        for await (const record of accounts.records()) {
          const paid = due(record) < atLeast || !of(record.model) ? 0n : await claim(record.id)
          if (paid > 0n) channels++
          amount += paid
        }
        return { channels, amount }
      }),
    one: account => claims.run('', () => one(account))
  }
}
