import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { framesOf, textFrame } from './frames.ts'
import type { Frame } from './frames.ts'

/** Writes, and waits where the other side reads slowly. */
async function give(to: Duplex, bytes: Buffer): Promise<void> {
  if (!to.write(bytes)) await once(to, 'drain')
}

/** The head of an answer that opens a WebSocket, and what came after it. */
async function opening(inner: Duplex): Promise<{ head: Buffer; rest: Buffer }> {
  let seen = Buffer.alloc(0)
  for (;;) {
    const end = seen.indexOf('\r\n\r\n')
    if (end !== -1) return { head: seen.subarray(0, end + 4), rest: seen.subarray(end + 4) }
    const chunk = inner.read() as Buffer | null
    if (chunk === null) await once(inner, 'readable')
    else seen = Buffer.concat([seen, chunk])
  }
}

/**
 * Between a client's WebSocket and the chain's: what only asks goes through as it came; what changes the chain is
 * answered by `change`, which returns once the change is on disk. Ends with either side.
 */
export async function passMessages(
  { socket, first, inner }: { readonly socket: Duplex; readonly first: Buffer; readonly inner: Duplex },
  /** Undefined where a message changes nothing. */
  change: (message: Buffer) => Promise<Buffer> | undefined
): Promise<void> {
  const { head, rest } = await opening(inner)
  socket.write(head)
  /** Answers of our own, while the chain's message has come in parts and not ended. */
  let held: Buffer[] = []
  let isInParts = false
  const say = (frame: Buffer): void => {
    if (isInParts) held.push(frame)
    else socket.write(frame)
  }

  async function fromChain(): Promise<void> {
    for await (const { bytes, isControl, isLast } of framesOf(inner, rest)) {
      await give(socket, bytes)
      if (isControl) continue
      isInParts = !isLast
      if (isInParts) continue
      for (const frame of held) socket.write(frame)
      held = []
    }
  }
  async function fromClient(): Promise<void> {
    let parts: Frame[] = []
    for await (const frame of framesOf(socket, first)) {
      if (frame.isControl) {
        await give(inner, frame.bytes)
        continue
      }
      parts.push(frame)
      if (!frame.isLast) continue
      const answer = change(Buffer.concat(parts.map(({ payload }) => payload)))
      if (answer === undefined) for (const { bytes } of parts) await give(inner, bytes)
      else answer.then(text => say(textFrame(text)), end)
      parts = []
    }
  }
  const end = (): void => {
    inner.destroy()
    socket.destroy()
  }
  for (const side of [inner, socket]) side.once('error', end).once('close', end)
  await Promise.all([fromChain(), fromClient()]).finally(end)
}
