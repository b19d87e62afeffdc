import { useSyncExternalStore } from 'react'
import { knownWallets, watchWallets } from './discover.ts'
import type { Wallet } from './discover.ts'

/** Wallets that this browser has, as they announce themselves. */
export const useWallets = (): readonly Wallet[] => useSyncExternalStore(watchWallets, knownWallets)
