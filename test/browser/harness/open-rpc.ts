import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { world } from './world.ts'

/** The world's chain as an RPC that answers pages of every origin; its own answers none. */
export async function openRpc(): Promise<{ url: string; stop(): Promise<void> }> {
  const allowed = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type' }
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      if (request.method !== 'POST') return void response.writeHead(204, allowed).end()
      const headers = { 'content-type': 'application/json' }
      fetch(world().network.rpc, { method: 'POST', headers, body: Buffer.concat(pieces) })
        .then(async answer => response.writeHead(200, { ...allowed, ...headers }).end(await answer.text()))
        .catch(() => response.writeHead(502, allowed).end())
    })
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}
