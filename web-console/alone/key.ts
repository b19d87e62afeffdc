import type { Hex } from '../../protocol/primitives/hex.ts'
import { toHex } from '../../protocol/primitives/hex.ts'

// The key of this page's own account. Whoever reads this browser's storage has it, so it is for what one would carry in
// a pocket; the page says so.

const name = 'tilth.alone.key'
const isKey = (text: string): text is Hex => /^0x[0-9a-f]{64}$/.test(text)

/** The one that was made here before, if any. */
export function knownKey(): Hex | undefined {
  const known = localStorage.getItem(name)
  return known !== null && isKey(known) ? known : undefined
}

function madeKey(): Hex {
  const known = knownKey()
  if (known !== undefined) return known
  const made = toHex(crypto.getRandomValues(new Uint8Array(32)))
  localStorage.setItem(name, made)
  return made
}

/** The one that was made here before, else a new one: of two tabs that come at the same moment, one makes it. */
export async function ownKey(): Promise<Hex> {
  // Both are there only where a page came safely, and only there it can keep what it signs.
  const { locks, storage } = navigator as { locks?: LockManager; storage?: StorageManager }
  // What a browser clears when it wants room is not this, where it grants that; some ask their owner first.
  void storage?.persist().catch(() => false)
  return knownKey() ?? (locks === undefined ? madeKey() : locks.request(name, madeKey))
}

const rpcName = 'tilth.alone.rpc'

/** The RPC that was named here before, for a network whose description names none. */
export const namedRpc = (): string => localStorage.getItem(rpcName) ?? ''
export const nameRpc = (rpc: string): void => localStorage.setItem(rpcName, rpc)
