import type { Page } from 'playwright-core'
import { createPublicClient, createWalletClient, http } from 'viem'
import type { Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { toHex } from '../../../protocol/primitives/index.ts'
import { world } from './world.ts'

/** The wallet's name, as pages show it. */
export const walletName = 'Test wallet'

/**
 * What a wallet does in a page: it announces itself (EIP-6963) and hands on what it is asked. For `init` of a page;
 * `answerWallet` answers.
 */
export const walletScript = `{
  const provider = {
    request: async ({ method, params }) => {
      const { result, error } = JSON.parse(await window.askWallet(JSON.stringify({ method, params: params ?? [] })))
      if (error !== undefined) throw Object.assign(new Error(error), { code: 4001 })
      return result
    },
    on: () => provider,
    removeListener: () => provider
  }
  const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', {
    detail: Object.freeze({ info: { uuid: 'test', name: '${walletName}', icon: 'data:,', rdns: 'test' }, provider })
  }))
  window.addEventListener('eip6963:requestProvider', announce)
  announce()
}`

interface Asked {
  readonly method: string
  readonly params: readonly unknown[]
}

/**
 * A wallet over a key that only the test has: it opens its account, signs typed data, and signs and sends
 * transactions itself. @returns what pages asked of it
 */
export async function answerWallet(page: Page, privateKey: Uint8Array): Promise<string[]> {
  const account = privateKeyToAccount(toHex(privateKey))
  const transport = http(world().network.rpc)
  const [wallet, chain] = [createWalletClient({ account, transport }), createPublicClient({ transport })]
  const asked: string[] = []

  async function answer({ method, params }: Asked): Promise<unknown> {
    asked.push(method)
    switch (method) {
      case 'eth_accounts':
      case 'eth_requestAccounts':
        return [account.address]
      case 'wallet_switchEthereumChain':
        return null
      case 'eth_signTypedData_v4':
        return account.signTypedData(JSON.parse(String(params[1])) as Parameters<typeof account.signTypedData>[0])
      case 'eth_sendTransaction': {
        const { to, data } = params[0] as { to: Hex; data: Hex }
        return wallet.sendTransaction({ chain: null, to, data })
      }
      default:
        return chain.request({ method, params } as Parameters<typeof chain.request>[0])
    }
  }
  await page.exposeFunction('askWallet', async (text: string) => {
    try {
      return JSON.stringify({ result: await answer(JSON.parse(text) as Asked) })
    } catch (error) {
      return JSON.stringify({ error: error instanceof Error ? error.message : String(error) })
    }
  })
  return asked
}
