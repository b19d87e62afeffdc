import { tilthTokenAbi } from '../../protocol/contracts/index.ts'
import type { Connection } from './connection.ts'
import { mined } from './connection.ts'
import { chainError } from './errors.ts'
import type { Addresses, Tokens } from './types.ts'

export function createTokens(connection: Connection, { token }: Addresses): Tokens {
  const at = { address: token, abi: tilthTokenAbi } as const
  return {
    balanceOf: account =>
      connection.read({ ...at, what: `balance of ${account}`, functionName: 'balanceOf', args: [account] }),
    gasOf: account =>
      connection.client.getBalance({ address: account }).catch((error: unknown) => {
        throw chainError(`coin balance of ${account}`, error)
      }),
    totalSupply: () => connection.read({ ...at, what: 'token supply', functionName: 'totalSupply', args: [] }),
    transfer: async (to, amount) =>
      mined(await connection.write({ ...at, what: `transfer to ${to}`, functionName: 'transfer', args: [to, amount] })),
    sendGas: async (to, wei) => mined(await connection.send(`coin for ${to}`, { to, value: wei }))
  }
}
