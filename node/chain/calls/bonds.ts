import { parseEventLogs } from 'viem'
import { contributionBondsAbi, datanetRegistryAbi, tilthTokenAbi } from '../../../protocol/contracts/index.ts'
import type { Message, Signed } from '../../../protocol/crypto/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export interface Bonds {
  /** Lets commitments of this node's own account lock their bonds. */
  allow(amount: bigint): Promise<void>
  /** What an account holds, what of it its signed commitments may lock, and its next permit's number. */
  allowanceOf(account: Address): Promise<{ readonly balance: bigint; readonly allowed: bigint; readonly nonce: bigint }>
  /** Relays a commitment with its contributor's permit for the bond: both in one transaction. */
  commitWithPermit(
    statement: Message<'Commitment'>,
    signature: Hex,
    permit: Signed<'Permit'>
  ): Promise<Mined & { contribution: Hex; index: bigint }>
  /** A validator's word that a contribution is spam; `burnt` with the one that was missing. */
  callSpam(contribution: Hex): Promise<Mined & { burnt: boolean }>
  /** Gives a bond back to its contributor, once its time is over; anyone may. */
  giveBack(contribution: Hex): Promise<Mined & { contributor: Address; amount: bigint }>
}

export function createBonds(connection: Connection, { bonds, token }: Addresses): Bonds {
  const at = { address: bonds, abi: contributionBondsAbi } as const
  const tokens = { address: token, abi: tilthTokenAbi } as const
  return {
    allow: amount => connection.allow(token, bonds, amount),
    async allowanceOf(account) {
      const what = `what may be locked of ${account}`
      const [balance, allowed, nonce] = await Promise.all([
        connection.read({ ...tokens, what, functionName: 'balanceOf', args: [account] }),
        connection.read({ ...tokens, what, functionName: 'allowance', args: [account, bonds] }),
        connection.read({ ...tokens, what, functionName: 'nonces', args: [account] })
      ])
      return { balance, allowed, nonce }
    },
    async commitWithPermit(statement, signature, { message: { deadline }, signature: permit }) {
      const [r, s, v] = [permit.slice(0, 66), `0x${permit.slice(66, 130)}`, Number(`0x${permit.slice(130)}`)]
      const receipt = await connection.write({
        ...at,
        what: `commitment of ${statement.contributor} with its bond`,
        functionName: 'commitWithPermit',
        args: [statement, signature, deadline, v, r as Hex, s as Hex]
      })
      const { contribution, index } = eventOf(receipt, datanetRegistryAbi, 'Committed')
      return { ...mined(receipt), contribution, index }
    },
    async callSpam(contribution) {
      const what = `calling ${contribution} spam`
      const receipt = await connection.write({ ...at, what, functionName: 'callSpam', args: [contribution] })
      const burnt = parseEventLogs({ abi: contributionBondsAbi, eventName: 'BondBurnt', logs: receipt.logs })
      return { ...mined(receipt), burnt: burnt.length > 0 }
    },
    async giveBack(contribution) {
      const what = `the bond of ${contribution}`
      const receipt = await connection.write({ ...at, what, functionName: 'giveBack', args: [contribution] })
      const { contributor, amount } = eventOf(receipt, contributionBondsAbi, 'BondReturned')
      return { ...mined(receipt), contributor: lower(contributor), amount }
    }
  }
}
