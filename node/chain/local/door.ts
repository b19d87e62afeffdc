import { Agent, createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../errors/index.ts'
import { passMessages } from './messages.ts'

/** The one way to the local chain: what only asks goes straight through, what changes it is handed to its keeper. */
export interface Door {
  readonly port: number
  /** Who came before waits until now. */
  open(to: { port: number; change: <T>(raws: readonly Hex[], work: () => Promise<T>) => Promise<T> }): void
  /** Ends every connection; who waits for an answer finds the chain gone. */
  close(): Promise<void>
}

const asking =
  'call|get|chainId|blockNumber|estimateGas|gasPrice|maxPriority|feeHistory|syncing|accounts|subscribe|unsubscribe'
const asksOnly = new RegExp(`^(eth_(${asking})|net_|web3_|txpool_)`)
const callForm = z.object({ method: z.string(), params: z.array(z.unknown()).optional() })
const bodyForm = z.union([callForm.transform(call => [call]), z.array(callForm)])
const rawForm = z.custom<Hex>(value => typeof value === 'string' && /^0x([0-9a-f]{2})+$/i.test(value))

/** What a request would change: nothing, or the chain, with the signed transactions in it. */
function changesOf(body: Buffer): { changes: boolean; raws: Hex[] } {
  let read: unknown
  try {
    read = JSON.parse(body.toString())
  } catch {
    return { changes: false, raws: [] } // the chain says what is wrong with it
  }
  const calls = bodyForm.safeParse(read).data ?? []
  const raws = calls.flatMap(({ method, params }) => {
    const raw = method.startsWith('eth_sendRawTransaction') ? rawForm.safeParse(params?.[0]) : undefined
    return raw?.success === true ? [raw.data] : []
  })
  return { changes: calls.some(({ method }) => !asksOnly.test(method)), raws }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** @throws ChainError `anvil.port` where the port is taken */
export async function listenAtDoor(wanted: number): Promise<Door> {
  const agent = new Agent({ keepAlive: true })
  let open: Door['open'] = () => undefined
  const opened = new Promise<Parameters<Door['open']>[0]>(resolve => {
    open = resolve
  })

  /** Gives a request to the chain: what changes it is written down before, and its blocks before the answer. */
  async function forward(body: Buffer, { method = 'POST', url = '/' }: Pick<IncomingMessage, 'method' | 'url'>) {
    const { port, change } = await opened
    const give = (): Promise<{ status: number; type: string; body: Buffer }> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': body.length }
        request({ host: '127.0.0.1', port, agent, method, path: url, headers }, response => {
          bodyOf(response).then(given => {
            const type = response.headers['content-type'] ?? 'application/json'
            resolve({ status: response.statusCode ?? 502, type, body: given })
          }, reject)
        })
          .once('error', reject)
          .end(body)
      })
    const { changes, raws } = changesOf(body)
    return changes ? change(raws, give) : give()
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const given = await forward(await bodyOf(incoming), incoming)
    outgoing.writeHead(given.status, { 'content-type': given.type, 'content-length': given.body.length })
    outgoing.end(given.body)
  }

  /** A WebSocket: what only asks goes through it, what changes the chain goes the way of all changes. */
  async function pass(incoming: IncomingMessage, socket: Duplex, first: Buffer): Promise<void> {
    const { port } = await opened
    const inner = connect(port, '127.0.0.1')
    const heads = Object.entries(incoming.headers)
      // Messages are looked into: nobody agrees to pack them.
      .filter(([name]) => name !== 'sec-websocket-extensions')
      .map(([name, value]) => `${name}: ${String(value)}`)
    inner.write(`GET ${incoming.url ?? '/'} HTTP/1.1\r\n${heads.join('\r\n')}\r\n\r\n`)
    await passMessages({ socket, first, inner }, message =>
      changesOf(message).changes ? forward(message, { method: 'POST', url: '/' }).then(({ body }) => body) : undefined
    )
  }

  // A chain that is gone ends the connection: an answer with an error in it would be taken for the chain's own.
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy())
  })
  // It ends no connection by itself: who had no turn for some seconds on a busy machine would find its call gone just
  // as it is made, and not know whether it was taken.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, first: Buffer) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    pass(incoming, socket, first).catch(() => socket.destroy())
  })
  const sockets = new Set<Duplex>()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new ChainError('anvil.port', `port ${wanted} of 127.0.0.1 is in use`, {
              help: 'Stop what holds it, or choose another port.'
            })
          : cause
      )
    })
    server.listen(wanted, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : wanted,
    open,
    close: () =>
      new Promise(resolve => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
        for (const socket of sockets) socket.destroy()
        agent.destroy()
      })
  }
}
