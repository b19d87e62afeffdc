import assert from 'node:assert/strict'
import { manualClock } from '../../../node/runtime/index.ts'
import { createFindings } from '../../../node/transport/reach/findings.ts'

describe('transport: what peers found of an address', () => {
  const address = '/ip4/203.0.113.7/tcp/4001'

  it('is remembered of the last that failed, however many try in years', () => {
    const findings = createFindings(manualClock())
    for (let i = 0; i < 5_000; i++) findings.failed(address, `peer ${i}`)
    const { failed } = findings.of(address)
    assert.equal(failed.length, 64)
    assert.equal(failed.at(-1), 'peer 4999')
    assert.ok(findings.bad() && !findings.good())
  })

  it('is put right by one that dials it, until another fails', () => {
    const clock = manualClock(7_000)
    const findings = createFindings(clock)
    findings.failed(address, 'one')
    findings.dialled(address, 'two')
    assert.deepEqual(findings.of(address), { dialled: { by: 'two', at: 7_000 }, failed: [] })
    findings.failed(address, 'three')
    assert.deepEqual(findings.of(address), { dialled: undefined, failed: ['three'] })
    findings.keep([])
    assert.deepEqual(findings.of(address), { dialled: undefined, failed: [] })
    assert.ok(!findings.bad() && !findings.good())
  })
})
