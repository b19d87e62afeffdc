// A node in a process of its own, told what to do by lines of JSON and answering by lines of JSON.
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { createTransport } from '../../../node/transport/index.ts'

const start = z.strictObject({
  privateKey: z.string(),
  directory: z.string(),
  bootstrap: z.array(z.string()),
  listen: z.array(z.string()),
  preset: z.enum(['local', 'public']),
  announce: z.array(z.string()).optional(),
  relay: z.boolean().optional(),
  upnp: z.boolean().optional()
})
const command = z.strictObject({ id: z.int(), do: z.string(), args: z.array(z.json()) })
const note = z.strictObject({ text: z.string() })
const chunk = z.strictObject({ n: z.int(), text: z.string() })

const { privateKey, ...options } = start.parse(JSON.parse(process.argv[2] ?? ''))
const transport = await createTransport({ ...options, privateKey: Buffer.from(privateKey, 'hex') })
const { peers, gossip, streams, files, reach } = transport
const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

gossip.subscribe('tilth/models/1', note, ({ text }) => {
  say({ event: 'gossip', value: text })
})
// Counts what comes, slowly, so that the sender has to wait; then says how much it was.
streams.handle('/tilth/models/infer/1', async stream => {
  let bytes = 0
  for await (const { n, text } of stream.receive(chunk)) {
    bytes += text.length
    if (n % 20 === 0)
      await new Promise(resolve => {
        setTimeout(resolve, 5)
      })
  }
  await stream.send({ n: bytes, text: '' })
})

const verbs: Record<string, (...args: string[]) => Promise<unknown>> = {
  ready: async count => {
    await peers.ready(Number(count), 30_000)
    return peers.connected().length
  },
  find: async address => await peers.find(address ?? ''),
  publish: async text => await gossip.publish('tilth/models/1', { text }),
  listeners: () => Promise.resolve(gossip.subscribers('tilth/models/1').length),
  add: async text => await files.addBytes(Buffer.from(text ?? '')),
  provide: async cid => {
    await files.provide(cid ?? '')
    return true
  },
  fetch: async cid => Buffer.from(await files.fetchBytes(cid ?? '', { maxBytes: 10_000_000 })).toString(),
  has: async cid => await files.has(cid ?? ''),
  reach: () => Promise.resolve(reach.view()),
  dial: async name => await peers.dial(name ?? ''),
  way: peerId => Promise.resolve(peers.way(peerId ?? '')),
  push: async (address, count) => {
    const stream = await streams.open(address ?? '', '/tilth/models/infer/1')
    for (let n = 0; n < Number(count); n++) await stream.send({ n, text: 'x'.repeat(50_000) })
    await stream.end()
    return (await stream.next(chunk, { timeoutMs: 60_000 }))?.n
  }
}

say({ event: 'up', value: { self: peers.self, listening: peers.listening() } })
for await (const line of createInterface({ input: process.stdin })) {
  const { id, do: verb, args } = command.parse(JSON.parse(line))
  void (async () => verbs[verb]?.(...args.map(String)))().then(
    value => {
      say({ id, value })
    },
    (error: unknown) => {
      say({ id, error: String(error) })
    }
  )
}
await transport.stop()
