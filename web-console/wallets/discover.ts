import type { EIP1193Provider } from 'viem'
import { z } from 'zod'

// Wallets of this browser, as they announce themselves (https://eips.ethereum.org/EIPS/eip-6963). What they say of
// themselves is text; their icons are not shown, since a picture from elsewhere is what the console's policy refuses.

export interface Wallet {
  readonly id: string
  readonly name: string
  readonly provider: EIP1193Provider
}

/** Wallets listened to: a page may announce any number. */
const mostWallets = 20

const announced = z.object({
  info: z.object({ uuid: z.string().min(1).max(100), name: z.string().min(1).max(100) }),
  provider: z.custom<EIP1193Provider>(
    value =>
      typeof value === 'object' && value !== null && typeof (value as { request?: unknown }).request === 'function'
  )
})

let wallets: readonly Wallet[] = []
const watchers = new Set<() => void>()

function hear(event: Event): void {
  const read = announced.safeParse((event as CustomEvent<unknown>).detail)
  if (!read.success || wallets.length >= mostWallets) return
  const { info, provider } = read.data
  if (wallets.some(({ id }) => id === info.uuid)) return
  wallets = [...wallets, { id: info.uuid, name: info.name, provider }]
  for (const watch of watchers) watch()
}

/** Tells of each wallet that announces itself, from now on. */
export function watchWallets(watcher: () => void): () => void {
  if (watchers.size === 0) {
    window.addEventListener('eip6963:announceProvider', hear)
    window.dispatchEvent(new Event('eip6963:requestProvider'))
  }
  watchers.add(watcher)
  return () => {
    watchers.delete(watcher)
    if (watchers.size === 0) window.removeEventListener('eip6963:announceProvider', hear)
  }
}
export const knownWallets = (): readonly Wallet[] => wallets
