import type { StatusView } from '../../daemon/api/contract/views.ts'
import type { Hex } from '../../protocol/primitives/hex.ts'
import { switchChain } from '../wallets/index.ts'
import type { Wallet } from '../wallets/index.ts'
import type { SeatsFound } from './read-seats.ts'

/** Has a wallet on this network's chain say who sits in a Datanet. @throws TilthError `wallet.*` · as readSeats */
export async function seatsByWallet(wallet: Wallet, chain: StatusView['chain'], datanet: string): Promise<SeatsFound> {
  await switchChain(wallet, chain)
  const { readSeats } = await import('./read-seats.ts')
  return readSeats({ kind: 'wallet', wallet }, chain, datanet as Hex)
}
