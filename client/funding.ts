import { encodeFunctionData } from 'viem'
import { tilthTokenAbi } from '../protocol/contracts/index.ts'
import { InvalidError, address } from '../protocol/primitives/index.ts'
import type { FundingCalls } from './types.ts'

/** @throws InvalidError `client.network` */
export const fundingCalls: FundingCalls = (network, account, { tokens = 0n, gas = 0n }) => {
  // A program without types may give anything.
  const { chain } = (network ?? {}) as Partial<typeof network>
  const given = (chain?.contracts ?? {})['token']
  const token = address.safeParse(typeof given === 'string' ? given.toLowerCase() : given)
  if (!token.success)
    throw new InvalidError('client.network', 'the network’s description names no token', {
      help: 'Take the whole network.json of whoever made the network.'
    })
  const args = [account, tokens] as const
  return [
    ...(tokens === 0n
      ? []
      : [
          {
            to: token.data,
            data: encodeFunctionData({ abi: tilthTokenAbi, functionName: 'transfer', args }),
            value: 0n
          }
        ]),
    ...(gas === 0n ? [] : [{ to: account, data: '0x' as const, value: gas }])
  ]
}
