import { useSyncExternalStore } from 'react'
import { useCall } from '../api/index.ts'
import type { Wallet } from '../wallets/index.ts'
import type { Witness } from './witness.ts'

let chosen: Wallet | undefined
const watchers = new Set<() => void>()

/** From now on, on this page, a wallet is asked. */
export function askWallet(wallet: Wallet): void {
  chosen = wallet
  for (const watch of watchers) watch()
}

/** Undefined where there is nobody to ask but the daemon. */
export function useWitness(): Witness | undefined {
  const wallet = useSyncExternalStore(
    watcher => {
      watchers.add(watcher)
      return () => {
        watchers.delete(watcher)
      }
    },
    () => chosen
  )
  const url = useCall('status').data?.chain.consoleRpc
  if (wallet !== undefined) return { kind: 'wallet', wallet }
  return url === undefined ? undefined : { kind: 'rpc', url }
}
