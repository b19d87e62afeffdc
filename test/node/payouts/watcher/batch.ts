import { createPublicClient, createWalletClient, encodeFunctionData, http } from 'viem'
import type { Abi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { toHex } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'

// Contracts that do several things in one transaction, made of a few bytes, so that no compiler is needed: one that
// passes on what it is given, and one whose creation makes calls and which then is no more than an account.

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

/** Calls whom the first word of its input names with the rest of it, whoever asks; reverts where that does. */
const passesOn: Hex = (() => {
  const runtime = '602036038060206000376000600082600060006000355af115601d57005b60006000fd'
  const size = runtime.length / 2
  // CODECOPY of what follows these twelve bytes, and RETURN.
  return `0x60${size.toString(16).padStart(2, '0')}600c60003960${size.toString(16).padStart(2, '0')}6000f3${runtime}`
})()

/** An account that is a program: whoever has it can have it make any calls, several of them in one transaction. */
export async function deployProgram(
  rpcUrl: string,
  key: Uint8Array
): Promise<{ address: Address; calls(list: readonly Call[]): Promise<void> }> {
  const account = privateKeyToAccount(toHex(key))
  const transport = http(rpcUrl)
  const [reads, wallet] = [createPublicClient({ transport }), createWalletClient({ transport, account })]
  const send = async (data: Hex): Promise<Address | undefined> => {
    const hash = await wallet.sendTransaction({ chain: null, data, gas: 8_000_000n })
    const { status, contractAddress } = await reads.waitForTransactionReceipt({ hash, pollingInterval: 50 })
    if (status !== 'success') throw new Error('one of the calls was refused')
    return contractAddress?.toLowerCase() as Address | undefined
  }
  const address = (await send(passesOn)) ?? '0x'
  return {
    address,
    async calls(list) {
      await send(
        codeOf(
          list.map(({ to, abi, functionName, args }) => ({
            to: address,
            data: to.slice(2).padStart(64, '0') + encodeFunctionData({ abi, functionName, args }).slice(2)
          }))
        )
      )
    }
  }
}
