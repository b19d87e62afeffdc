import { custom, http } from 'viem'
import type { Transport } from 'viem'
import { ChainError } from '../errors/index.ts'
import { createSocket } from './socket.ts'

/** Longest wait for an answer of any call. */
const timeoutMs = 15_000
const attempts = { retryCount: 3, retryDelay: 200 }

/** A way to an RPC. */
export interface Rpc {
  readonly transport: Transport
  /** Ends what is open; a WebSocket keeps a process until then. */
  close(): void
}

/**
 * The way to an RPC by its URL: `http(s)://`, or `ws(s)://`, which is opened again whenever it broke.
 * @throws ChainError `chain.url`
 */
export function rpcAt(rpcUrl: string): Rpc {
  const { protocol } = URL.canParse(rpcUrl) ? new URL(rpcUrl) : { protocol: '' }
  if (protocol === 'http:' || protocol === 'https:')
    return { transport: http(rpcUrl, { timeout: timeoutMs, ...attempts }), close: () => undefined }
  if (protocol === 'ws:' || protocol === 'wss:') {
    const socket = createSocket(rpcUrl, timeoutMs)
    return { transport: custom(socket, attempts), close: socket.close }
  }
  throw new ChainError('chain.url', `${rpcUrl.slice(0, 80)} is no URL of an RPC`, {
    help: 'Give one that begins with http://, https://, ws:// or wss://.'
  })
}
