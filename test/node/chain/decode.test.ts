import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeEventLog } from 'viem'
import type { Abi } from 'viem'
import { decodeLog } from '../../../node/chain/events/decode.ts'
import { events, logsOf, wrongLogs } from '../../fuzz/targets/chain.ts'

describe('logs of contracts', () => {
  it('are read as viem reads them, whatever topics and data they have', () => {
    const [read, refused] = [new Set<string>(), new Set<string>()]
    fc.assert(
      fc.property(
        fc
          .constantFrom(...events)
          .chain(event => fc.tuple(fc.constant(event), fc.oneof(logsOf(event), wrongLogs(event)))),
        ([event, log]) => {
          let theirs: unknown
          try {
            theirs = decodeEventLog({ abi: [event] as Abi, topics: log.topics, data: log.data }).args
          } catch {
            theirs = undefined
          }
          if (log.topics[0] === undefined) assert.equal(theirs, undefined)
          else assert.deepEqual(decodeLog(event, log), theirs)
          ;(theirs === undefined ? refused : read).add(event.name)
        }
      ),
      { numRuns: 500 }
    )
    assert.ok(read.size > events.length / 2 && refused.size > events.length / 2)
  })
})
