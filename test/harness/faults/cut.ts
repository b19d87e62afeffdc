import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'

// Loaded into a daemon before anything of its own (`--import`): it reaches nobody at the ports that a file lists whose
// path stands in this module's address, and what is connected to them breaks. Who is on the other side of a cut loads
// it as well, so nothing gets through in either direction.

const path = new URL(import.meta.url).searchParams.get('at') ?? ''
const everyMs = 50

function cut(): ReadonlySet<number> {
  try {
    return new Set(JSON.parse(readFileSync(path, 'utf8')) as number[])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set()
    throw error
  }
}

type Connect = (this: Socket, ...args: unknown[]) => Socket
const sockets = Socket.prototype as unknown as { connect: Connect }
const whole = sockets.connect
const open = new Map<Socket, number>()

/** Node gives it what it made of its arguments, others give it those. */
function portOf([first]: readonly unknown[]): number {
  const given = Array.isArray(first) ? (first[0] as unknown) : first
  return Number(typeof given === 'object' && given !== null && 'port' in given ? given.port : given)
}

sockets.connect = function connect(...args) {
  const port = portOf(args)
  if (cut().has(port)) {
    this.destroy(Object.assign(new Error(`connect ECONNREFUSED at port ${port}`), { code: 'ECONNREFUSED' }))
    return this
  }
  open.set(this, port)
  this.once('close', () => open.delete(this))
  return whole.apply(this, args)
}

setInterval(() => {
  const ports = cut()
  if (ports.size > 0) for (const [socket, port] of open) if (ports.has(port)) socket.destroy()
}, everyMs).unref()
