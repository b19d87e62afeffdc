import type { Hex } from '../../../protocol/primitives/index.ts'

/** A call to the local chain, in the JSON that it speaks; what it refuses is thrown with its own words. */
export type Rpc = (method: string, ...params: readonly unknown[]) => Promise<unknown>

const withinMs = 30_000

export function rpcOf(url: string): Rpc {
  return async (method, ...params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(withinMs)
    })
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message?: string } }
    if (error !== undefined) throw new TypeError(`${method}: ${error.message ?? 'refused'}`)
    return result
  }
}

/** What of a block is needed to make it once more. */
export interface BlockOutline {
  readonly number: number
  readonly hash: Hex
  readonly parent: Hex
  readonly time: number
  readonly baseFee: Hex
  /** Hashes, in their order. */
  readonly transactions: readonly Hex[]
}

/** Undefined for a block that the chain does not have. */
export async function outlineOf(rpc: Rpc, block: number | 'latest'): Promise<BlockOutline | undefined> {
  const name = block === 'latest' ? block : `0x${block.toString(16)}`
  const found = (await rpc('eth_getBlockByNumber', name, false)) as {
    number: Hex
    hash: Hex
    parentHash: Hex
    timestamp: Hex
    baseFeePerGas: Hex
    transactions: Hex[]
  } | null
  if (found === null) return undefined
  return {
    number: Number(found.number),
    hash: found.hash,
    parent: found.parentHash,
    time: Number(found.timestamp),
    baseFee: found.baseFeePerGas,
    transactions: found.transactions
  }
}
