import assert from 'node:assert/strict'
import { createParked } from '../../../node/data/exchange/parked.ts'
import type { DataMessage } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'

const most = 4096
const each = 512
const message = { kind: 'reveal' } as unknown as DataMessage

describe('messages that came before what they are about', () => {
  it('are no more than there is room for, also when more comes about the subject that has to go', () => {
    const parked = createParked()
    const subjects = Array.from({ length: most / (each / 2) }, (_, i) => keccak(`${i}`))
    for (const about of subjects) for (let i = 0; i < each / 2; i++) parked.park(about, message)
    // No room is left, and the first is the oldest: what waited for it goes, and this alone waits.
    parked.park(subjects[0]!, message)
    const held = subjects.map(about => parked.take(about).length)
    assert.deepEqual(held, [1, ...subjects.slice(1).map(() => each / 2)])
  })
})
