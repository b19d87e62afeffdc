import assert from 'node:assert/strict'
import { createSeals } from '../../../node/data/host/seals.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { MessageStream } from '../../../node/transport/types.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { datanetOf, memoryPeer } from './in-memory.ts'

describe('a validator that is asked to seal a version', () => {
  it('compares notes with the Datanet’s host about one that it has otherwise, and with nobody else', async () => {
    const { id, document } = datanetOf(['validator'])
    const { book } = memoryPeer('validator')
    await book.putDatanet(id, { document, seenAt: 0 }, true)
    const pulled: string[] = []
    const seals = createSeals(
      {
        chain: { ledger: { datanet: async () => ({ version: 0 }) } },
        clock: manualClock(),
        log: silentLog
      } as unknown as Parameters<typeof createSeals>[0],
      { sealMs: 1_000, sealGraceMs: 1_000 },
      book,
      { pull: async () => undefined, pullQuietly: (peer: string) => void pulled.push(peer) } as unknown as Parameters<
        typeof createSeals
      >[3],
      { sitting: async () => ({ ...document, host: document.statement.message.host }) } as unknown as Parameters<
        typeof createSeals
      >[4],
      async () => false,
      new AbortController().signal
    )
    const answers: unknown[] = []
    const ask = (address: Address, datanet = id): Promise<void> =>
      seals.serve({
        address,
        peerId: address,
        next: async () => ({ datanet, version: 1, root: keccak('another'), count: 1, last: 1 }),
        send: async (answer: unknown) => void answers.push(answer)
      } as unknown as MessageStream)
    const stranger: Address = `0x${'77'.repeat(20)}`
    const { host } = document.statement.message
    await ask(stranger)
    await ask(host, keccak('of another Datanet'))
    assert.deepEqual(pulled, [])
    await ask(host)
    assert.deepEqual(pulled, [host])
    assert.deepEqual(
      answers,
      Array.from({ length: 3 }, () => ({ kind: 'differs' }))
    )
  })
})
