import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keccak } from '../../../protocol/primitives/index.ts'

/** A chain of any length: so many empty blocks, and behind them those of a real one. */
export interface LongChain {
  readonly rpcUrl: string
  /** Calls answered so far, by method. */
  readonly calls: ReadonlyMap<string, number>
  stop(): Promise<void>
}

interface Call {
  readonly id: number
  readonly method: string
  readonly params?: unknown[]
}
type Answer = Record<string, unknown> | Answer[] | string | null

const numbered = new Set(['number', 'blockNumber', 'block_number'])
const hashOf = (block: bigint): string => keccak(`empty block ${block}`)
const hex = (value: bigint): string => `0x${value.toString(16)}`

/**
 * An RPC in front of another one whose blocks come `empty` blocks later: making a million real ones takes anvil many
 * minutes. What is asked of the empty ones is answered here: they have hashes and parents, and no events.
 */
export async function startLongChain(realUrl: string, empty: bigint): Promise<LongChain> {
  const calls = new Map<string, number>()

  const real = async (method: string, params: unknown[]): Promise<Answer> => {
    const response = await fetch(realUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    })
    const { result, error } = (await response.json()) as { result: Answer; error?: { message: string } }
    if (error !== undefined) throw new Error(error.message)
    return result
  }
  /** Block numbers of an answer as this chain counts them; the first real block's parent is the last empty one. */
  const later = (value: Answer): Answer => {
    if (Array.isArray(value)) return value.map(later)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
      key,
      numbered.has(key) && typeof item === 'string' ? hex(BigInt(item) + empty) : later(item as Answer)
    ])
    const out = Object.fromEntries(entries)
    if (out['number'] === hex(empty + 1n) && 'parentHash' in out) out['parentHash'] = hashOf(empty)
    return out
  }
  const isTag = (at: unknown): boolean => typeof at !== 'string' || !at.startsWith('0x')
  const earlier = (at: unknown): unknown => (isTag(at) ? at : hex(BigInt(at as string) - empty))

  async function block(at: unknown, full: unknown): Promise<Answer> {
    const number = isTag(at) ? undefined : BigInt(at as string)
    if (number === undefined || number > empty) return later(await real('eth_getBlockByNumber', [earlier(at), full]))
    const first = (await real('eth_getBlockByNumber', ['0x0', false])) as Record<string, unknown>
    return { ...first, number: hex(number), hash: hashOf(number), parentHash: hashOf(number - 1n), transactions: [] }
  }

  async function logs(filter: Record<string, unknown>): Promise<Answer> {
    const to = filter['toBlock']
    if (!isTag(to) && BigInt(to as string) <= empty) return []
    const from = filter['fromBlock']
    const begin = isTag(from) || BigInt(from as string) > empty ? earlier(from) : '0x0'
    return later(await real('eth_getLogs', [{ ...filter, fromBlock: begin, toBlock: earlier(to) }]))
  }

  async function answer({ method, params = [] }: Call): Promise<Answer> {
    calls.set(method, (calls.get(method) ?? 0) + 1)
    if (method === 'eth_blockNumber') return hex(BigInt((await real(method, [])) as string) + empty)
    if (method === 'eth_getBlockByNumber') return block(params[0], params[1])
    if (method === 'eth_getLogs') return logs(params[0] as Record<string, unknown>)
    if (method === 'eth_call' || method === 'eth_getBalance' || method === 'eth_getCode') {
      const at = params[1]
      return real(method, [params[0], !isTag(at) && BigInt(at as string) <= empty ? '0x0' : earlier(at)])
    }
    return later(await real(method, params))
  }
  const reply = async (call: Call): Promise<unknown> =>
    answer(call).then(
      result => ({ jsonrpc: '2.0', id: call.id, result }),
      (error: unknown) => ({ jsonrpc: '2.0', id: call.id, error: { code: -32000, message: String(error) } })
    )

  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const asked = JSON.parse(body) as Call | Call[]
      void (Array.isArray(asked) ? Promise.all(asked.map(reply)) : reply(asked)).then(out => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(out))
      })
    })
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    rpcUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}
