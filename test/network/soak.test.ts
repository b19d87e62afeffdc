import assert from 'node:assert/strict'
import { judged } from '../bench/soak/judge.ts'
import type { Reading } from '../bench/soak/judge.ts'

const steady = { megabytes: 200, handles: 40, connections: 11, delayMs: 20, usualDelayMs: 2 }
/** A day of readings, one a minute; `at` goes from 0 to 1. */
const readings = (of: (at: number) => Partial<Reading>): Reading[] =>
  Array.from({ length: 1440 }, (_, i) => ({ at: i * 60_000, ...steady, ...of(i / 1440) }))

describe('what a daemon holds while it works for long', () => {
  it('is flat and bounded where it only warms up, or is a saw that comes back', () => {
    const warmed = judged(
      'host',
      readings(at => ({ megabytes: 300 - 100 / (1 + 20 * at) }))
    )
    const saw = judged(
      'host',
      readings(at => ({ megabytes: 200 + ((1440 * at) % 60), handles: 40 + ((1440 * at) % 9) }))
    )
    for (const { flat, bounded } of [warmed, saw]) assert.deepEqual({ flat, bounded }, { flat: true, bounded: true })
  })
  it('is not where memory goes on growing, or handles or connections do', () => {
    assert.equal(
      judged(
        'host',
        readings(at => ({ megabytes: 200 + 100 * at }))
      ).flat,
      false
    )
    assert.equal(
      judged(
        'host',
        readings(at => ({ handles: 40 + Math.floor(100 * at) }))
      ).bounded,
      false
    )
    assert.equal(
      judged(
        'host',
        readings(at => ({ connections: 11 + Math.floor(20 * at) }))
      ).bounded,
      false
    )
  })
  it('is nothing that could be said of too few readings', () => {
    const { flat, bounded } = judged('host', readings(() => ({})).slice(0, 3))
    assert.deepEqual({ flat, bounded }, { flat: false, bounded: false })
  })
})
