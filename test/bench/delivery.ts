// How long gossip takes to reach everybody: node test/bench/delivery.ts [--peers 20,60,120] [--processes 4]
// [--messages 60] [--pace 100] [--into FILE] [--json]
// So many peers in so many processes, over TCP on this machine, as a node has them: encrypted, with this network's
// envelopes, quotas and scores. Each joins by four others. Messages of half a kilobyte are said by one peer after
// another, one each so many milliseconds; each delivery is timed by the machine's one clock. Cores are shared by all
// peers, so times are what they are where a core does the work of so many.
// With --into what was measured is kept, and a run that was ended goes on behind it.
// Example: node test/bench/delivery.ts --peers 10,20 --messages 20
import { parseArgs } from 'node:util'
import { pause } from '../harness/index.ts'
import { createChance } from '../simulation/chance.ts'
import { startHouse } from './delivery/house.ts'
import type { House } from './delivery/house.ts'
import { measured, quantiles, show, sizesOf } from './series/series.ts'

const usage = `usage: node test/bench/delivery.ts [--peers 20,60,120] [--processes 4] [--messages 60] [--pace 100]
  [--into FILE] [--json]
Example: node test/bench/delivery.ts --peers 10,20 --messages 20`
const { values: flags } = parseArgs({
  options: {
    peers: { type: 'string', default: '20,60,120' },
    processes: { type: 'string', default: '4' },
    messages: { type: 'string', default: '60' },
    pace: { type: 'string', default: '100' },
    into: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (flags.help) {
  console.log(usage)
  process.exit(0)
}
const [processes, messages, pace] = [flags.processes, flags.messages, flags.pace].map(Number) as [
  number,
  number,
  number
]
/** Others by which each joins. */
const joins = 4
/** No delivery for so long: what is missing is lost. */
const lostMs = 15_000
/** Longest wait for everybody's neighbours in the topic. */
const formMs = 120_000

async function measure(count: number): Promise<Record<string, number>> {
  const chance = createChance(count)
  const houses = await Promise.all(Array.from({ length: Math.min(processes, count) }, startHouse))
  const houseOf = (i: number): House => houses[i % houses.length] as House
  try {
    const addresses: string[] = []
    for (let i = 0; i < count; i++) {
      const others = Array.from({ length: Math.min(joins, i) }, () => chance.pick(addresses))
      addresses.push(await houseOf(i).add(others))
    }
    const formed = performance.now()
    const least = async (): Promise<number> => Math.min(...(await Promise.all(houses.map(house => house.least()))))
    while ((await least()) < Math.min(joins, count - 1) && performance.now() - formed < formMs) await pause(500)
    const links = (await Promise.all(houses.map(house => house.links()))).reduce((sum, one) => sum + one, 0) / 2
    for (let n = 0; n < messages; n++) {
      const house = chance.pick(houses)
      await house.say(n)
      await pause(pace)
    }
    const all = messages * (count - 1)
    const heard = async (): Promise<number[]> => (await Promise.all(houses.map(house => house.heard()))).flat()
    let [times, last] = [await heard(), performance.now()]
    while (times.length < all && performance.now() - last < lostMs) {
      await pause(500)
      const now = await heard()
      if (now.length > times.length) last = performance.now()
      times = now
    }
    const { p50, p99, most } = quantiles(times)
    return {
      links,
      'delivered, of one': times.length / all,
      'p50, ms': p50,
      'p99, ms': p99,
      'the most, ms': most
    }
  } finally {
    for (const house of houses) house.end()
  }
}

show(await measured(sizesOf(flags.peers), flags.into, measure), flags.json)
process.exit(0)
