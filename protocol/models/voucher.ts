import { requireSigner } from '../crypto/sign.ts'
import type { Network, Signed } from '../crypto/statements.ts'
import type { Hex } from '../primitives/hex.ts'
import { InvalidError } from '../primitives/errors.ts'
import { reject } from './refuse.ts'

export interface VoucherContext {
  readonly network: Network
  readonly channel: Hex
  readonly client: Hex
  readonly deposit: bigint
  /** The highest cumulative sum so far. */
  readonly paid: bigint
}

/**
 * The highest voucher counts. One that comes again, or late because two answers share a channel, pays nothing new.
 * @returns whether it is worth more than what was paid before. @throws InvalidError `voucher.*`, `signature.mismatch`
 */
export function checkVoucher(
  voucher: Signed<'Voucher'>,
  { network, channel, client, deposit, paid }: VoucherContext
): boolean {
  // [reject] A voucher is for this channel.
  if (voucher.message.channel !== channel) reject('voucher.channel', 'the voucher is for another channel')
  // [reject] It is signed by the channel's client.
  requireSigner(network, voucher, client)
  // [ignore] It promises no more than the deposit, which is all the chain would pay: as it is known here, for a block
  // that was taken back may have held a top-up that its client has seen.
  if (voucher.message.cumulative > deposit)
    throw new InvalidError('voucher.deposit', 'the voucher promises more than the deposit', {
      consequence: 'ignore',
      details: { deposit }
    })
  return voucher.message.cumulative > paid
}
