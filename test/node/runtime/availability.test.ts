import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  awayBy,
  createAvailability,
  manualClock,
  minutesInDay,
  minutesUntilClosed,
  minutesUntilOpen,
  onBattery,
  silentLog
} from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import { scratch, until } from '../../harness/index.ts'

const minute = fc.integer({ min: 0, max: minutesInDay - 1 })
const hours = fc.array(fc.record({ from: minute, to: minute }), { maxLength: 4 })

describe('when a machine is lent', () => {
  it('at all hours where none are named; else soon enough, and never before', () => {
    fc.assert(
      fc.property(hours, minute, (lent, now) => {
        const wait = minutesUntilOpen(lent, now)
        assert.ok(wait >= 0 && wait < minutesInDay)
        assert.equal(minutesUntilOpen(lent, (now + wait) % minutesInDay), 0)
        for (let before = 0; before < wait; before++)
          assert.ok(minutesUntilOpen(lent, (now + before) % minutesInDay) > 0)
        if (lent.length === 0) assert.equal(wait, 0)
      }),
      { numRuns: 50 }
    )
  })

  it('until its hours end: those that meet are one, and whole days never end', () => {
    fc.assert(
      fc.property(hours, minute, (lent, now) => {
        const left = minutesUntilClosed(lent, now)
        const open = (at: number): boolean => minutesUntilOpen(lent, at % minutesInDay) === 0
        const all = Array.from({ length: minutesInDay }, (_, passed) => open(now + passed))
        const closes = all.indexOf(false)
        assert.equal(left, lent.length === 0 || closes === -1 ? Infinity : closes)
      }),
      { numRuns: 200 }
    )
    assert.equal(minutesUntilClosed([{ from: 22 * 60, to: 7 * 60 }], 23 * 60), 8 * 60)
  })

  it('over midnight, too', () => {
    const night = [{ from: 22 * 60, to: 7 * 60 }]
    assert.equal(minutesUntilOpen(night, 23 * 60), 0)
    assert.equal(minutesUntilOpen(night, 6 * 60 + 59), 0)
    assert.equal(minutesUntilOpen(night, 7 * 60), 15 * 60)
  })

  it("an owner's pause comes before hours, those before power", () => {
    const policy = { hours: [{ from: 60, to: 120 }], power: 'mains' } as const
    const at = { now: 1_000, minute: 0, battery: true }
    assert.equal(awayBy(policy, { ...at, paused: { until: null, trainings: true } })?.reason, 'paused')
    assert.equal(awayBy(policy, { ...at, paused: { until: 2_000, trainings: false } })?.until, 2_000)
    assert.equal(awayBy(policy, { ...at, paused: { until: 999, trainings: true } })?.until, 1_000 + 60 * 60_000)
    assert.equal(awayBy(policy, { ...at, paused: undefined, minute: 90 })?.reason, 'power')
    assert.equal(awayBy(policy, { ...at, paused: undefined, minute: 90, battery: false }), undefined)
    assert.equal(awayBy({ hours: [], power: 'any' }, { ...at, paused: undefined }), undefined)
  })

  it('a pause is on disk, ends by itself where it has an end, and listeners hear of both', async () => {
    const folder = await scratch('availability')
    const clock = manualClock()
    const start = async () => {
      const store = await openStore(folder)
      const one = createAvailability({ clock, log: silentLog, store }, { hours: [], power: 'any' })
      await one.start()
      return { one, store }
    }
    const first = await start()
    await first.one.pause({ until: clock.now() + 60_000, trainings: false })
    first.one.stop()
    await first.store.close()

    const { one, store } = await start()
    const heard: (string | undefined)[] = []
    one.onChange(away => heard.push(away?.reason))
    assert.equal(one.away()?.reason, 'paused')
    await until(async () => (await clock.advance(15_000), heard.length === 1), 'the end of the pause')
    assert.equal(one.away(), undefined)
    await one.pause({ until: null, trainings: false })
    assert.equal(one.away()?.until, null)
    await one.pause({ until: null, trainings: true })
    assert.equal(one.away()?.trainings, true)
    await one.resume()
    assert.deepEqual(heard, [undefined, 'paused', 'paused', undefined])
    one.stop()
    await store.close()
  })

  it("knows a battery from a mains supply, and a mouse's battery from the machine's", async () => {
    const folder = await scratch('power')
    const supply = async (name: string, files: Record<string, string>): Promise<void> => {
      await mkdir(join(folder, name), { recursive: true })
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, name, file), `${text}\n`)
    }
    assert.equal(await onBattery(join(folder, 'nowhere')), undefined)
    await supply('mouse', { type: 'Battery', scope: 'Device' })
    assert.equal(await onBattery(folder), false)
    await supply('BAT0', { type: 'Battery' })
    await supply('AC', { type: 'Mains', online: '0' })
    assert.equal(await onBattery(folder), true)
    await supply('AC', { type: 'Mains', online: '1' })
    assert.equal(await onBattery(folder), false)
  })
})
