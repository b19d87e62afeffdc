import assert from 'node:assert/strict'
import { createQuestions } from '../../../node/data/questions/index.ts'
import type { BatchRecord } from '../../../node/chain/types.ts'
import { manualClock } from '../../../node/runtime/index.ts'
import { InvalidError, NotFoundError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { TilthError } from '../../../protocol/primitives/index.ts'

const batch: BatchRecord = {
  id: zeroHash,
  datanet: zeroHash,
  writer: `0x${'11'.repeat(20)}`,
  roster: 1,
  keyHash: zeroHash,
  questions: '0x00',
  keys: '0x00',
  consent: 1n,
  against: 0n,
  spoke: [],
  accepted: { version: 1, block: 2n },
  key: zeroHash,
  block: 1n,
  place: '1'
}
type Parts = Parameters<typeof createQuestions>

describe('data: what is told of sealed questions', () => {
  /** Of a version that was judged by one batch, where its questions cannot be told. */
  function pageWhere(error: TilthError) {
    const ledger = {
      batches: async () => ({ items: [batch], next: null }),
      batchesFor: async () => [batch],
      batchesDue: async () => ({ batches: 1, until: 10n, block: 3n }),
      datanet: async () => ({ version: 1, roster: 1 }),
      roster: async () => [{ address: batch.writer, weight: 1n }]
    }
    const deps = { chain: { ledger }, clock: manualClock(0) } as unknown as Parts[0]
    const sealed = { rowsOf: async () => [] } as unknown as Parts[1]
    const asked: unknown[] = []
    const judging: Parts[2] = {
      async versionQuestions(_datanet, _version, how) {
        asked.push(how)
        throw error
      }
    }
    const nothing = {} as unknown as Parts[3] & Parts[4] & Parts[5]
    const document = (async () => ({ rules: {} })) as unknown as Parts[6]
    return { asked, page: createQuestions(deps, sealed, judging, nothing, nothing, nothing, document).questionsOf }
  }

  it('is all but who wrote them, where nobody has the version at the moment', async () => {
    const { asked, page } = pageWhere(new NotFoundError('files.unavailable', 'nobody', { consequence: 'retry' }))
    const { batches, judging } = await page(zeroHash)
    assert.deepEqual([batches.length, batches[0]?.state], [1, 'open'])
    assert.deepEqual(judging, { version: 1, batches: 1, open: 1, writers: null })
    assert.deepEqual(asked, [{ brief: true }], 'nor is it waited for')
    await assert.rejects(pageWhere(new InvalidError('version.root', 'another')).page(zeroHash), {
      code: 'version.root'
    })
  })
})
