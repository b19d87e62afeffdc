import { createServer } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import type { Socket } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** How a provider misbehaves. */
export interface Recipe {
  /** Ranges of more blocks are refused, in this provider's own words. */
  capBlocks?: number
  /** Answers with more logs are cut short, and nothing is said of it. */
  cutLogs?: number
  /** Leaves every log out of the first answer about a range that ends at a block. */
  forgetful?: boolean
  /** Milliseconds before every answer. */
  slowMs?: number
  /** Connections are cut: all, those that ask for logs, or those that send, before the chain has it or after. */
  cut?: 'all' | 'logs' | 'sent' | 'answered'
  chainId?: number
  /** Runs no programs: a call without a contract is refused. */
  noPrograms?: boolean
  /** Blocks by which the node that answers for logs is behind: it says nothing of it. */
  logsBehind?: number
}

export interface Proxy {
  readonly url: string
  recipe: Recipe
  /** Calls by method. */
  readonly calls: Map<string, number>
  /** Block ranges of eth_getLogs that were answered. */
  readonly ranges: number[]
  stop(): Promise<void>
}

/** A provider in front of a chain, with faults of its own. */
export async function startProxy(rpcUrl: string, recipe: Recipe = {}): Promise<Proxy> {
  const calls = new Map<string, number>()
  const ranges: number[] = []
  const asked = new Set<string>()
  const proxy: Proxy = { url: '', recipe, calls, ranges, stop: () => Promise.resolve() }

  async function forward(call: Call): Promise<{ result?: unknown; error?: unknown }> {
    const answer = await fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', ...call })
    })
    return (await answer.json()) as { result?: unknown; error?: unknown }
  }

  async function answerTo(call: Call): Promise<unknown> {
    calls.set(call.method, (calls.get(call.method) ?? 0) + 1)
    const { capBlocks, cutLogs, forgetful, chainId, logsBehind } = proxy.recipe
    const say = (body: object): object => ({ jsonrpc: '2.0', id: call.id, ...body })
    if (call.method === 'eth_chainId' && chainId !== undefined) return say({ result: `0x${chainId.toString(16)}` })
    if (proxy.recipe.noPrograms === true && call.method === 'eth_call')
      if ((call.params[0] as { to?: string }).to === undefined)
        return say({ error: { code: -32000, message: 'a transaction must have a receiver' } })
    if (call.method !== 'eth_getLogs') return say(await forward(call))
    const [filter] = call.params as [{ fromBlock: string; toBlock: string; address: unknown }]
    const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)]
    if (capBlocks !== undefined && to - from + 1 > capBlocks)
      return say({ error: { code: -32602, message: `eth_getLogs is limited to a ${capBlocks} range` } })
    const head = Number(((await forward({ id: 1, method: 'eth_blockNumber', params: [] })).result as string) ?? 0)
    const last = logsBehind === undefined ? to : Math.min(to, head - logsBehind)
    ranges.push(to - from + 1)
    if (last < from) return say({ result: [] })
    const { result, error } = await forward({
      ...call,
      params: [{ ...filter, toBlock: `0x${last.toString(16)}` }]
    })
    if (error !== undefined) return say({ error })
    const logs = result as unknown[]
    if (forgetful === true && !asked.has(filter.toBlock)) {
      asked.add(filter.toBlock)
      return say({ result: [] })
    }
    return say({ result: cutLogs === undefined ? logs : logs.slice(0, cutLogs) })
  }

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const call = JSON.parse(Buffer.concat(chunks).toString()) as Call
    const { slowMs = 0, cut } = proxy.recipe
    const sends = call.method === 'eth_sendRawTransaction'
    if (sends && cut === 'answered') await answerTo(call)
    if (sends && cut === 'sent') calls.set(call.method, (calls.get(call.method) ?? 0) + 1)
    const cuts = sends ? cut === 'sent' || cut === 'answered' : cut === 'logs' && call.method === 'eth_getLogs'
    if (cut === 'all' || cuts) {
      outgoing.destroy()
      return
    }
    if (slowMs > 0)
      await new Promise(resolve => {
        setTimeout(resolve, slowMs)
      })
    outgoing.setHeader('content-type', 'application/json')
    outgoing.end(JSON.stringify(await answerTo(call)))
  }

  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    stop: () =>
      new Promise<void>(resolve => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      })
  })
}

/** A wire to a chain that can be cut: all that goes over it breaks, and what is opened while it is cut. */
export async function startWire(to: URL): Promise<{ port: number; cut(cut: boolean): void; stop(): Promise<void> }> {
  const open = new Set<Socket>()
  let isCut = false
  const server = createTcpServer(near => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(Number(to.port), to.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      open.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const end = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut(cut) {
      isCut = cut
      if (cut) end()
    },
    stop: () =>
      new Promise(resolve => {
        server.close(() => {
          resolve()
        })
        end()
      })
  }
}
