import assert from 'node:assert/strict'
import { judged } from '../bench/soak/judge.ts'
import type { Reading } from '../bench/soak/judge.ts'

const steady = { megabytes: 200, own: 150, objects: 100, handles: 40, connections: 11, delayMs: 20, usualDelayMs: 2 }
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
  it('is flat whatever the last quarter has of a slow saw, whose median is no measure', () => {
    const slow = readings(at => ({ megabytes: 200 + ((1440 * at) % 300), objects: 100 + ((1440 * at) % 300) }))
    const middle = (from: number): number =>
      slow.slice(from, from + 360).toSorted((a, b) => a.megabytes - b.megabytes)[180]?.megabytes ?? NaN
    assert.ok(middle(1080) > 1.05 * middle(720))
    assert.equal(judged('host', slow).flat, true)
  })
  it('is not flat where what its objects come back to grows within memory that was taken before', () => {
    const { flat } = judged(
      'host',
      readings(at => ({ objects: 100 + 40 * at + ((1440 * at) % 30) }))
    )
    assert.equal(flat, false)
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
