import type { Hex } from '../../protocol/primitives/hex.ts'
import { toHex } from '../../protocol/primitives/hex.ts'

// The key of this page's own account. Whoever reads this browser's storage has it, so it is for what one would carry in
// a pocket; the page says so.

const name = 'tilth.alone.key'
const isKey = (text: string): text is Hex => /^0x[0-9a-f]{64}$/.test(text)

/** The one that was made here before, else a new one. */
export function ownKey(): Hex {
  const known = localStorage.getItem(name)
  if (known !== null && isKey(known)) return known
  const made = toHex(crypto.getRandomValues(new Uint8Array(32)))
  localStorage.setItem(name, made)
  return made
}

const rpcName = 'tilth.alone.rpc'

/** The RPC that was named here before, for a network whose description names none. */
export const namedRpc = (): string => localStorage.getItem(rpcName) ?? ''
export const nameRpc = (rpc: string): void => localStorage.setItem(rpcName, rpc)
