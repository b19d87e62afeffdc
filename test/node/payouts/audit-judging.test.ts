import assert from 'node:assert/strict'
import { wrongOf } from '../../../node/payouts/audits/index.ts'
import { withheldSubject } from '../../../protocol/jobs/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const [a, b, c, idle] = ['a', 'b', 'c', 'idle'].map(name => `0x${keccak(name).slice(-40)}`) as [
  Address,
  Address,
  Address,
  Address
]
const subject = keccak('subject')
const other = keccak('nothing')
const gone = withheldSubject(subject)
const yes = (auditor: Address, about = subject) => ({ auditor, agrees: true, subject: about })
const no = (auditor: Address, about = subject) => ({ auditor, agrees: false, subject: about })
type Words = Parameters<typeof wrongOf>[1]

/** Who is wrong about one segment, which a and b were drawn for, and one that c was. */
async function wrong(words: Words, holds = true): Promise<string[]> {
  const segment = (number: number, auditors: Address[]) => ({
    coalition: 1,
    segment: number,
    worker: '0x' as const,
    auditors,
    agreed: auditors.filter(one => words.some(({ auditor, agrees }) => auditor === one && agrees)),
    disagreed: []
  })
  const found = await wrongOf({ subject, segments: [segment(0, [a, b]), segment(1, [c])] }, words, () =>
    Promise.resolve(holds)
  )
  return found.map(({ auditor, costs }) => `${[a, b, c, idle].indexOf(auditor)}${costs ? '' : ' for nothing'}`)
}

describe("an auditor's word against a training", () => {
  it('is looked at though nobody contradicts it, and false where all of it holds', async () => {
    assert.deepEqual(await wrong([no(c)]), ['2'])
    assert.deepEqual(await wrong([no(c)], false), [])
    assert.deepEqual((await wrong([yes(a), no(b)])).toSorted(), ['1'])
    assert.deepEqual(await wrong([yes(a), no(b)], false), ['0'])
    assert.deepEqual(await wrong([yes(a), yes(b)], false), [], 'nobody is against it')
  })

  it('is false about something else, and from whom nothing was drawn for', async () => {
    assert.deepEqual(await wrong([no(c, other)], false), ['2'])
    assert.deepEqual(await wrong([no(idle)]), ['3'])
  })

  it('that something was withheld costs nobody stake, and is struck where others were given it', async () => {
    assert.deepEqual(await wrong([no(a, gone)]), [])
    assert.deepEqual(await wrong([no(a, gone), yes(b)]), ['0 for nothing'])
    assert.deepEqual(await wrong([no(a, gone), no(b, gone), yes(c)]), [])
    assert.deepEqual(await wrong([no(idle, gone), yes(c)]), ['3 for nothing'])
    assert.deepEqual(await wrong([no(idle, gone)]), [])
  })
})
