import assert from 'node:assert/strict'
import {
  describeError,
  foreignCode,
  InvalidError,
  NotFoundError,
  TilthError
} from '../../../protocol/primitives/index.ts'
import type { ErrorCode } from '../../../protocol/primitives/index.ts'
import type { ModelsErrorCode } from '../../../node/models/codes.ts'
import { DataError } from '../../../protocol/data/index.ts'
import { PeerError } from '../../../protocol/wire/index.ts'

/** What must not compile stands under a line that says so; the compiler refuses that line where it does. */
describe('error codes', () => {
  it('are unions that the compiler knows: an unknown one can neither be thrown nor compared with', () => {
    const known = new NotFoundError('model.unknown', 'no such model')
    // @ts-expect-error -- nobody declared it
    const misspelt = new InvalidError('model.unknwon', 'no such model')
    // @ts-expect-error -- a comparison that never holds
    assert.ok(known.code !== 'model.unkown')
    assert.equal(known.code === 'model.unknown', true)
    assert.equal(misspelt.consequence, 'reject')
  })

  it('belong to a module each', () => {
    const own: ModelsErrorCode = 'worker.busy'
    // @ts-expect-error -- of the jobs
    const other: ModelsErrorCode = 'bid.many'
    // @ts-expect-error -- the data phase's errors have its codes alone
    const mixed = new DataError('worker.busy', 'not of data')
    const all: ErrorCode[] = [own, 'bid.many', mixed.code]
    assert.equal(all.length, 3)
    assert.equal(other, 'bid.many')
  })

  it('that come from elsewhere are kept as they are said', () => {
    const theirs = new PeerError('from.the-future')
    assert.equal(theirs.code, foreignCode('from.the-future'))
    assert.match(describeError(new TilthError(foreignCode('x.y'), 'said')), /x\.y/)
  })
})
