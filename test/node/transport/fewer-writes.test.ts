import assert from 'node:assert/strict'
import fc from 'fast-check'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { ConnectionEncrypter, MessageStream, Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { Uint8ArrayList } from 'uint8arraylist'
import { turnsByMessage } from '../../../node/runtime/after-turn.ts'
import { rareUpdates, wholeFrames } from '../../../node/transport/host/fewer-writes.ts'
import { readBytes } from '../../../node/transport/streams/frames.ts'

const headerBytes = 12
/** Window updates alone: without the flags that begin and end a stream. */
const isUpdate = (frame: Uint8Array | Uint8ArrayList): boolean =>
  frame.byteLength === headerBytes && frame.subarray(1, 4).join() === '1,0,0'

/** Two muxers over one connection, one of them at least ours; how many updates each has sent. */
function pair(theirs: 'ours' | "libp2p's") {
  const connections = multiaddrConnectionPair({ delay: 0 })
  const sent = [0, 0]
  for (const [i, connection] of connections.entries()) {
    const send = connection.send.bind(connection)
    connection.send = data => {
      if (isUpdate(data)) sent[i] = (sent[i] ?? 0) + 1
      return send(data)
    }
  }
  const plain = yamux({ enableKeepAlive: false, streamOptions: { maxStreamWindowSize: 2 << 20 } })
  const rare = rareUpdates(plain)
  const one = rare().createStreamMuxer(connections[0])
  const other = (theirs === 'ours' ? rare : plain)().createStreamMuxer(connections[1])
  return { one, other, sent }
}

async function opened(theirs: 'ours' | "libp2p's"): Promise<{ streams: [Stream, Stream]; sent: number[] }> {
  const { one, other, sent } = pair(theirs)
  const incoming = new Promise<Stream>(resolve => {
    other.addEventListener('stream', event => resolve(event.detail))
  })
  const stream = await one.createStream()
  return { streams: [stream, await incoming], sent }
}

async function read(stream: Stream): Promise<Uint8Array> {
  const all = new Uint8ArrayList()
  for await (const piece of readBytes(stream, () => undefined)) all.append(piece)
  return all.subarray()
}

/** Sends as fast as the stream takes it, and ends. */
async function write(stream: Stream, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) if (!stream.send(piece)) await stream.onDrain().catch(() => undefined)
  await stream.close()
}

describe('fewer writes to a connection', () => {
  it('does not say of each small frame that it was read', async () => {
    const { streams, sent } = await opened('ours')
    const [stream, far] = streams
    const pieces = Array.from({ length: 500 }, (_, i) => new Uint8Array(100).fill(i))
    const [got, back] = await Promise.all([
      read(far),
      read(stream),
      ...[stream, far].map(async one => {
        // One after another, as tokens come.
        for (const piece of pieces) {
          one.send(piece)
          await new Promise(resolve => setImmediate(resolve))
        }
        await one.close()
      })
    ])
    assert.deepEqual([got?.length, back?.length], [50_000, 50_000])
    // Windows also grow by an update where a frame was read within a round trip: three times at most.
    assert.ok((sent[0] ?? 0) <= 4 && (sent[1] ?? 0) <= 4, String(sent))
  })

  for (const theirs of ['ours', "libp2p's"] as const)
    it(`brings everything both ways where the other side's updates are ${theirs}`, async function () {
      this.timeout(60_000)
      const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 400_000 })), {
        maxLength: 12
      })
      await fc.assert(
        fc.asyncProperty(sizes, sizes, async (there, back) => {
          const { streams } = await opened(theirs)
          const [stream, far] = streams
          const made = (of: readonly number[]): Uint8Array[] => of.map((size, i) => new Uint8Array(size).fill(i + 1))
          const [got, gotBack] = await Promise.all([
            read(far),
            read(stream),
            write(stream, made(there)),
            write(far, made(back))
          ])
          assert.ok(Buffer.concat(made(there)).equals(got))
          assert.ok(Buffer.concat(made(back)).equals(gotBack))
        }),
        { numRuns: 15 }
      )
    })

  describe('what is encrypted', () => {
    /** A connection as far as an encrypter sees it, and what it was given; one byte of 9 breaks it. */
    async function securing() {
      const given: (string | number[])[] = []
      const connection = {
        status: 'open',
        writableNeedsDrain: false,
        send(data: Uint8Array) {
          if (data[0] === 9 || connection.status !== 'open') throw new Error('it is closed')
          given.push([...data.subarray(0, 8)])
          return true
        },
        abort: (error: Error) => given.push(error.message),
        close: async () => void given.push('closed')
      }
      const plain = {
        protocol: '/none',
        secureInbound: async (to: MessageStream) => ({ connection: to }),
        secureOutbound: async (to: MessageStream) => ({ connection: to })
      } as unknown as ConnectionEncrypter
      const secured = await wholeFrames(() => plain)(undefined).secureOutbound(connection as unknown as MessageStream)
      return { given, connection, to: secured.connection }
    }
    const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

    it('is read in whatever pieces it comes, and the end of a piece costs no error of its own', async function () {
      this.timeout(60_000)
      const log = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined })
      const encrypterOf = async () => {
        const privateKey = await generateKeyPair('secp256k1')
        const upgrader = { getStreamMuxers: () => new Map() }
        const components = {
          privateKey,
          peerId: peerIdFromPrivateKey(privateKey),
          logger: { forComponent: () => log },
          upgrader
        }
        return wholeFrames(noise())(components as never)
      }
      const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(sizes, fc.integer({ min: 1, max: 9 }), async (messages, cut) => {
          const [near, far] = multiaddrConnectionPair({ delay: 0 })
          const send = near.send.bind(near)
          near.send = data => {
            const whole = data.subarray()
            const at = Math.min(cut, whole.length)
            return [whole.subarray(0, at), whole.subarray(at)]
              .map(part => part.length === 0 || send(part))
              .every(Boolean)
          }
          const [from, to] = await Promise.all([
            (await encrypterOf()).secureOutbound(near),
            (await encrypterOf()).secureInbound(far)
          ])
          const got = new Uint8ArrayList()
          const all = messages.reduce((sum, size) => sum + size, 0)
          const read = new Promise<void>(resolve => {
            to.connection.addEventListener('message', event => {
              got.append(event.data)
              if (got.byteLength === all) resolve()
            })
          })
          const said = messages.map((size, i) => new Uint8Array(size).fill(i + 1))
          for (const one of said) if (!from.connection.send(one)) await from.connection.onDrain()
          await read
          assert.ok(Buffer.concat(said).equals(got.subarray()))
          const { decoder } = to.connection as unknown as { decoder: { lengthDecoder(data: Uint8ArrayList): number } }
          const thrown = [0, 1].map(size => {
            try {
              return decoder.lengthDecoder(new Uint8ArrayList(new Uint8Array(size)))
            } catch (error) {
              return error
            }
          })
          assert.ok(thrown[0] instanceof RangeError && thrown[0] === thrown[1])
        }),
        { numRuns: 10 }
      )
    })

    it('goes to its connection in one piece, with all else of the same turn', async () => {
      const { given, to } = await securing()
      to.send(new Uint8ArrayList(Uint8Array.of(0, 3), Uint8Array.of(1, 2), Uint8Array.of(3)))
      await Promise.resolve()
      to.send(Uint8Array.of(4))
      assert.deepEqual(given, [])
      await turn()
      assert.deepEqual(given, [[0, 3, 1, 2, 3, 4]])
      to.send(Uint8Array.of(5))
      await turn()
      assert.deepEqual(given.slice(1), [[5]])
    })

    it('goes after what is under way in its turn also where there are messages and no other way', async () => {
      const { soon, close } = turnsByMessage()
      const order: number[] = []
      await new Promise<void>(resolve => {
        soon(() => order.push(2))
        soon(() => {
          order.push(3)
          resolve()
        })
        void Promise.resolve().then(() => order.push(1))
      })
      close()
      assert.deepEqual(order, [1, 2, 3])
    })

    it('is sent before the connection is closed, and at once where it is much', async () => {
      const { given, to } = await securing()
      to.send(new Uint8Array(70_000).fill(1))
      assert.equal(given.length, 1)
      to.send(Uint8Array.of(2))
      await to.close()
      assert.deepEqual(given.slice(1), [[2], 'closed'])
      await turn()
      assert.equal(given.length, 3)
    })

    it('is sent before the connection is given up, and refused by one that is', async () => {
      const { given, to, connection } = await securing()
      to.send(Uint8Array.of(1))
      to.abort(new Error('enough'))
      assert.deepEqual(given, [[1], 'enough'])
      connection.status = 'closing'
      assert.throws(() => to.send(Uint8Array.of(2)), /closed/u)
      await turn()
      assert.equal(given.length, 2)
    })

    it('says that a connection is full, is dropped with one that is gone, and breaks nothing else', async () => {
      const { given, to, connection } = await securing()
      connection.writableNeedsDrain = true
      assert.equal(to.send(Uint8Array.of(1)), false)
      await turn()
      to.send(Uint8Array.of(9))
      await turn()
      assert.deepEqual(given, [[1], 'it is closed'])
      to.send(Uint8Array.of(1))
      connection.status = 'aborted'
      await turn()
      assert.equal(given.length, 2)
    })
  })
})
