import { createPublicClient, createWalletClient, encodeFunctionData, getContractAddress, http } from 'viem'
import type { Abi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { toHex } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'

// A contract that does several things in one transaction and then is no more than an account: its creation code makes
// the calls, so no compiler is needed.

export interface Call {
  readonly to: Address
  readonly abi: Abi
  readonly functionName: string
  readonly args: readonly unknown[]
}

const push = (size: number, value: number | bigint): string =>
  (0x5f + size).toString(16) + value.toString(16).padStart(2 * size, '0')

/** Creation code that makes these calls in their order, and undoes all of them when one fails. */
function codeOf(calls: readonly { to: Address; data: string }[]): Hex {
  const codecopy = '39'
  const [gas, call, iszero, jumpi, jumpdest, revert, stop] = ['5a', 'f1', '15', '57', '5b', 'fd', '00'] as const
  const assemble = (offsets: readonly number[], fails: number): string =>
    calls
      .map(({ to, data }, i) => {
        const length = data.length / 2
        const copy = push(3, length) + push(3, offsets[i] ?? 0) + push(1, 0) + codecopy
        const made = push(1, 0) + push(1, 0) + push(3, length) + push(1, 0) + push(1, 0) + push(20, BigInt(to))
        return copy + made + gas + call + iszero + push(3, fails) + jumpi
      })
      .join('') +
    stop +
    jumpdest +
    push(1, 0) +
    push(1, 0) +
    revert
  const size = assemble([], 0).length / 2
  let at = size
  const offsets = calls.map(({ data }) => {
    at += data.length / 2
    return at - data.length / 2
  })
  const fails = size - (1 + 2 * 2 + 1) // the JUMPDEST, before two pushes and the revert
  return `0x${assemble(offsets, fails)}${calls.map(({ data }) => data).join('')}`
}

/** Makes calls from one new contract in one transaction. @param before what is done for it once its address is known */
export async function inOneTransaction(
  rpcUrl: string,
  key: Uint8Array,
  before: (contract: Address) => Promise<void>,
  calls: readonly Call[]
): Promise<Address> {
  const account = privateKeyToAccount(toHex(key))
  const transport = http(rpcUrl)
  const [reads, wallet] = [createPublicClient({ transport }), createWalletClient({ transport, account })]
  // What is done before takes transactions of its own, by others.
  const nonce = await reads.getTransactionCount({ address: account.address })
  const contract = getContractAddress({ from: account.address, nonce: BigInt(nonce) }).toLowerCase() as Address
  await before(contract)
  const data = codeOf(
    calls.map(({ to, abi, functionName, args }) => ({
      to,
      data: encodeFunctionData({ abi, functionName, args }).slice(2)
    }))
  )
  const hash = await wallet.sendTransaction({ chain: null, data, nonce, gas: 8_000_000n })
  const { status } = await reads.waitForTransactionReceipt({ hash, pollingInterval: 50 })
  if (status !== 'success') throw new Error('one of the calls was refused')
  return contract
}
