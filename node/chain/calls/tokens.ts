import type { Address } from '../../../protocol/primitives/index.ts'
import { tilthTokenAbi } from '../../../protocol/contracts/index.ts'
import type { Connection } from '../connection/index.ts'
import { mined } from '../connection/index.ts'
import { chainError } from '../errors/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export interface Tokens {
  /** Token balance. */
  balanceOf(account: Address): Promise<bigint>
  /** Balance of the chain's own coin, in wei: what gas is paid with. */
  gasOf(account: Address): Promise<bigint>
  /** What a unit of gas costs now at most, in wei. */
  gasPrice(): Promise<bigint>
  transfer(to: Address, amount: bigint): Promise<Mined>
  /** Sends the chain's own coin, so that a fresh key can pay for its transactions. */
  sendGas(to: Address, wei: bigint): Promise<Mined>
  totalSupply(): Promise<bigint>
}

export function createTokens(connection: Connection, { token }: Addresses): Tokens {
  const at = { address: token, abi: tilthTokenAbi } as const
  return {
    balanceOf: account =>
      connection.read({ ...at, what: `balance of ${account}`, functionName: 'balanceOf', args: [account] }),
    gasOf: account =>
      connection.client.getBalance({ address: account }).catch((error: unknown) => {
        throw chainError(`coin balance of ${account}`, error)
      }),
    gasPrice: () =>
      connection.client.estimateFeesPerGas().then(
        ({ maxFeePerGas }) => maxFeePerGas,
        (error: unknown) => {
          throw chainError('price of gas', error)
        }
      ),
    totalSupply: () => connection.read({ ...at, what: 'token supply', functionName: 'totalSupply', args: [] }),
    transfer: async (to, amount) =>
      mined(await connection.write({ ...at, what: `transfer to ${to}`, functionName: 'transfer', args: [to, amount] })),
    sendGas: async (to, wei) => mined(await connection.send(`coin for ${to}`, { to, value: wei }))
  }
}
