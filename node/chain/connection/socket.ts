import { RpcRequestError, TimeoutError, WebSocketRequestError } from 'viem'
import { z } from 'zod'

/** Answers may carry the logs of thousands of blocks. */
const maxAnswerBytes = 64 << 20
const answer = z.looseObject({
  id: z.int(),
  result: z.unknown().optional(),
  error: z.looseObject({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional()
})

interface Waiting {
  readonly body: { method: string; params?: unknown }
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** JSON-RPC over one WebSocket. It is opened by the first call, and by the next one after it broke. */
export interface RpcSocket {
  request(body: { method: string; params?: unknown }): Promise<unknown>
  readonly close: () => void
}

export function createSocket(url: string, timeoutMs: number): RpcSocket {
  const waiting = new Map<number, Waiting>()
  let opening: Promise<WebSocket> | undefined
  let closed = false
  let lastId = 0

  const broken = (body: { method: string; params?: unknown }, details: string): Error =>
    new WebSocketRequestError({ body, url, details })

  function lose(details: string): void {
    opening = undefined
    const lost = [...waiting.values()]
    waiting.clear()
    for (const { body, reject } of lost) reject(broken(body, details))
  }

  function take(text: unknown): void {
    if (typeof text !== 'string' || text.length > maxAnswerBytes) return
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return // no answer of anything: whoever waits is told when its time is over
    }
    const parsed = answer.safeParse(value)
    const one = parsed.success ? waiting.get(parsed.data.id) : undefined
    if (!parsed.success || one === undefined) return
    waiting.delete(parsed.data.id)
    const { error, result } = parsed.data
    if (error === undefined) one.resolve(result)
    else one.reject(new RpcRequestError({ body: one.body, error, url }))
  }

  function open(): Promise<WebSocket> {
    if (opening !== undefined) return opening
    const attempt = new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(url)
      const over = (details: string): void => {
        reject(broken({ method: 'open' }, details))
        if (opening === attempt) lose(details)
      }
      socket.addEventListener('open', () => {
        resolve(socket)
      })
      socket.addEventListener('message', ({ data }) => {
        take(data)
      })
      socket.addEventListener('error', () => {
        over('the connection failed')
      })
      socket.addEventListener('close', () => {
        over('the connection was closed')
      })
    })
    opening = attempt
    return attempt
  }

  return {
    async request(body) {
      if (closed) throw broken(body, 'the client was closed')
      const late = new TimeoutError({ body, url })
      let timer: ReturnType<typeof setTimeout> | undefined
      let over = false
      const id = ++lastId
      const answered = new Promise<unknown>((resolve, reject) => {
        timer = setTimeout(() => {
          waiting.delete(id)
          reject(late)
          // One that says nothing may be dead without knowing: the next call opens another.
          const silent = opening
          if (waiting.size > 0 || silent === undefined) return
          opening = undefined
          silent.then(socket => socket.close()).catch(() => undefined)
        }, timeoutMs)
        open().then(
          socket => {
            if (over) return
            waiting.set(id, { body, resolve, reject })
            socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
          },
          reject // it could not be opened
        )
      })
      try {
        return await answered
      } finally {
        over = true
        clearTimeout(timer)
      }
    },
    close() {
      closed = true
      const last = opening
      lose('the client was closed')
      last?.then(socket => socket.close()).catch(() => undefined)
    }
  }
}
