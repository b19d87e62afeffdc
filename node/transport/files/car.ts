import { CarBlockIterator } from '@ipld/car/iterator'
import { CarWriter } from '@ipld/car/writer'
import * as dagPb from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { InvalidError, LimitError, TilthError, toHex } from '../../../protocol/primitives/index.ts'
import { blocksBelow } from '../blocks/pins.ts'

/** Bitswap carries no larger blocks. */
const mostBlockBytes = 2 << 20

/** Trees as one CAR (version 1), each block once, each node before what hangs on it. */
export async function* carOf(
  roots: readonly CID[],
  read: (cid: CID) => Promise<Uint8Array>
): AsyncGenerator<Uint8Array> {
  const { writer, out } = CarWriter.create([...roots])
  async function write(): Promise<void> {
    try {
      for (const root of roots)
        for await (const [cid, bytes] of blocksBelow(root, read, true)) await writer.put({ cid, bytes })
    } finally {
      await writer.close()
    }
  }
  const written = write()
  written.catch(() => undefined) // told to whoever reads, below
  yield* out
  await written
}

/**
 * Reads a CAR's blocks, as a stranger's: each is what its CID says, of a kind that our trees have.
 * @returns its roots
 * @throws InvalidError `files.car` · LimitError `files.too-large`
 */
export async function takeCar(
  car: AsyncIterable<Uint8Array>,
  put: (cid: CID, bytes: Uint8Array) => Promise<unknown>,
  maxBytes: number
): Promise<CID[]> {
  async function* bounded(): AsyncGenerator<Uint8Array> {
    let left = maxBytes
    for await (const bytes of car) {
      left -= bytes.length
      // [reject] It is no larger than its reader allows.
      if (left < 0) throw new LimitError('files.too-large', `the CAR has more than ${maxBytes} bytes`)
      yield bytes
    }
  }
  try {
    const blocks = await CarBlockIterator.fromIterable(bounded())
    for await (const { cid, bytes } of blocks) {
      // [reject] A block is a node or bytes of a file, named by the SHA-256 of what it holds.
      if (cid.code !== dagPb.code && cid.code !== raw.code) throw notCar(`a block has the codec ${cid.code}`)
      if (bytes.length > mostBlockBytes) throw notCar('a block is larger than peers could give it on')
      const { digest } = await sha256.digest(bytes)
      if (cid.multihash.code !== sha256.code || toHex(digest) !== toHex(cid.multihash.digest))
        throw notCar(`a block is not what ${cid.toString()} names`)
      await put(cid, bytes)
    }
    return await blocks.getRoots()
  } catch (cause) {
    if (cause instanceof TilthError) throw cause
    throw new InvalidError('files.car', 'this is no CAR, or a broken one', {
      help: 'Give a file that `tilth datanet export --format car` or an IPFS tool has written.',
      cause
    })
  }
}

const notCar = (what: string): InvalidError => new InvalidError('files.car', what)
