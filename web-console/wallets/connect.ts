import { createWalletClient, custom, defineChain } from 'viem'
import type { WalletClient } from 'viem'
import type { StatusView } from '../../daemon/api/contract/views.ts'
import { requireSigner } from '../../protocol/crypto/sign.ts'
import { statements } from '../../protocol/crypto/statements.ts'
import type { Message, Network, Signed, StatementType } from '../../protocol/crypto/statements.ts'
import { InvalidError, TilthError } from '../../protocol/primitives/errors.ts'
import type { Address, Hex } from '../../protocol/primitives/hex.ts'
import type { Wallet } from './discover.ts'

/** An account of a wallet that its owner has opened to this page. */
export interface WalletAccount {
  readonly wallet: Wallet
  readonly address: Address
}

type Chain = Pick<StatusView['chain'], 'id' | 'rpc' | 'contracts'>

/** What ties statements to the network that this daemon is of. */
export const networkOf = ({ id, contracts }: Chain): Network => ({
  chainId: id,
  registry: contracts['registry'] as Address
})

export const clientOf = ({ provider }: Wallet): WalletClient => createWalletClient({ transport: custom(provider) })

/** What a wallet refused, in words; its own message beside it. */
const refused = (what: string, cause: unknown): TilthError =>
  new TilthError('wallet.refused', `the wallet did not ${what}`, {
    help: `It says: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)} Nothing was sent.`,
    cause
  })

/** Asks a wallet for its accounts; the first is the one its owner has chosen. @throws TilthError `wallet.refused` */
export async function openWallet(wallet: Wallet): Promise<readonly WalletAccount[]> {
  try {
    const addresses = await clientOf(wallet).requestAddresses()
    if (addresses.length === 0)
      throw new InvalidError('wallet.account', `${wallet.name} has no account for this page`, {
        help: 'Choose one in the wallet, then connect again.'
      })
    return addresses.map(address => ({ wallet, address: address.toLowerCase() as Address }))
  } catch (cause) {
    throw cause instanceof TilthError ? cause : refused('open an account', cause)
  }
}

/** Wallets sign for the chain they are on: has it go to the daemon's. @throws TilthError `wallet.chain` */
export async function switchChain(wallet: Wallet, { id, rpc }: Chain): Promise<void> {
  const client = clientOf(wallet)
  if ((await client.getChainId()) === id) return
  try {
    await client.switchChain({ id })
  } catch {
    const chain = defineChain({
      id,
      name: `Tilth on ${id}`,
      nativeCurrency: { name: 'coin', symbol: 'ETH', decimals: 18 },
      rpcUrls: { default: { http: [rpc] } }
    })
    try {
      await client.addChain({ chain })
      await client.switchChain({ id })
    } catch (cause) {
      throw new TilthError('wallet.chain', `the wallet is on another chain than this network's (${id})`, {
        help: `Switch it to chain ${id} (RPC ${rpc}), then sign again. Nothing was sent.`,
        cause
      })
    }
  }
}

/** Wallets write the last byte of a signature as 0 and 1 or as 27 and 28; statements carry the latter. */
function signatureOf(text: Hex): Hex {
  const last = Number.parseInt(text.slice(-2), 16)
  return last < 27 ? `${text.slice(0, -2) as Hex}${(last + 27).toString(16)}` : text
}

/**
 * Has a wallet sign a statement: every statement of the network is EIP-712 typed data, so the wallet shows its fields.
 * @throws TilthError `wallet.refused` · InvalidError `signature.mismatch` where it signed as somebody else
 */
export async function signByWallet<T extends StatementType>(
  { wallet, address }: WalletAccount,
  network: Network,
  type: T,
  message: Message<T>
): Promise<Signed<T>> {
  const types: Record<string, { name: string; type: string }[]> = {
    [type]: statements[type].map(([name, kind]) => ({ name, type: kind }))
  }
  try {
    const signature = await clientOf(wallet).signTypedData({
      account: address,
      domain: { name: 'Tilth', version: '1', chainId: network.chainId, verifyingContract: network.registry },
      types,
      primaryType: type as string,
      message: message as Record<string, unknown>
    })
    const signed: Signed<T> = { type, message, signature: signatureOf(signature.toLowerCase() as Hex) }
    requireSigner(network, signed, address)
    return signed
  } catch (cause) {
    throw cause instanceof TilthError ? cause : refused('sign', cause)
  }
}

/**
 * Has a wallet send a transaction of its own: it shows what is called, and pays the gas.
 * @throws TilthError `wallet.refused`, `wallet.chain`
 * @returns its hash; it is not mined yet
 */
export async function sendByWallet(
  { wallet, address }: WalletAccount,
  chain: Chain,
  call: { readonly to: Address; readonly data: Hex; readonly value?: bigint }
): Promise<Hex> {
  await switchChain(wallet, chain)
  try {
    return await clientOf(wallet).sendTransaction({ account: address, chain: null, ...call })
  } catch (cause) {
    throw cause instanceof TilthError ? cause : refused('send the transaction', cause)
  }
}
