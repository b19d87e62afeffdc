import type { Chance } from './chance.ts'
import type { SimulatedNetwork, Weather } from './network.ts'
import type { SimulatedNode } from './node.ts'

/** What can go wrong in a story; each has chance of its own, so that a story without one keeps the others. */
export const troubles = ['loss', 'kills', 'parts', 'cuts', 'reorganisations', 'clocks', 'disks', 'lies'] as const
export type Trouble = (typeof troubles)[number]

const mostAheadMs = 90_000

/** Whom a storm comes over. */
export interface Exposed {
  readonly honest: readonly SimulatedNode[]
  readonly wires: SimulatedNetwork
  readonly chain: { reorganise(blocks: number): void }
  readonly weather: Weather
}

/**
 * What happens in one step of the storm, one function for each trouble.
 * @param lie what those do who are not honest, now and then
 */
export function createStorm(
  { honest, wires, chain, weather }: Exposed,
  chance: Chance,
  lie: (by: Chance) => void,
  tell: (text: string) => void
): Record<Trouble, () => Promise<void> | void> {
  const of = Object.fromEntries(troubles.map(name => [name, chance.of(name)])) as Record<Trouble, Chance>
  const order = new Map(honest.map(({ address }, i) => [address, i]))
  let isParted = false

  return {
    loss() {
      if (!of.loss.happens(0.01)) return
      Object.assign(weather, { loss: of.loss.below(40) / 100, latencyMs: 20 + of.loss.below(2000) })
      tell(`messages are lost ${Math.round(weather.loss * 100)} of 100 times, and take up to ${weather.latencyMs} ms`)
    },
    async kills() {
      const node = of.kills.pick(honest)
      const [falls, writes, isPower] = [of.kills.happens(0.008), of.kills.below(6), of.kills.happens(0.5)]
      if (node.isUp && falls) {
        node.kill({ afterWrites: writes, lost: isPower ? of.kills.below(4) : 0 })
        const how = isPower ? 'loses its power' : 'is killed'
        tell(`${node.name} ${how}${writes === 0 ? '' : ` at its ${writes}. write from now`}`)
      }
      for (const one of honest)
        if (!one.isUp && of.kills.happens(0.03)) {
          await one.start()
          tell(`${one.name} is back`)
        }
    },
    parts() {
      if (of.parts.happens(0.006)) {
        const border = 1 + of.parts.below(honest.length - 1)
        wires.partition(address => ((order.get(address) ?? 0) < border ? 0 : 1))
        isParted = true
        const group = honest.slice(0, border).map(({ name }) => name)
        tell(`${group.join(', ')} and the others do not hear each other`)
      } else if (isParted && of.parts.happens(0.02)) {
        wires.partition(undefined)
        isParted = false
        tell('everybody hears everybody again')
      }
    },
    cuts() {
      if (!of.cuts.happens(0.012)) return
      const node = of.cuts.pick(honest)
      node.isCut = !node.isCut
      tell(`${node.name} ${node.isCut ? 'cannot reach' : 'reaches'} the chain`)
    },
    reorganisations() {
      if (!of.reorganisations.happens(0.008)) return
      const blocks = 1 + of.reorganisations.below(2)
      chain.reorganise(blocks)
      tell(`the chain takes ${blocks} blocks back`)
    },
    clocks() {
      if (!of.clocks.happens(0.004)) return
      const node = of.clocks.pick(honest)
      node.clockAhead = node.clockAhead === 0 ? of.clocks.below(2 * mostAheadMs) - mostAheadMs : 0
      tell(`the clock of ${node.name} is ${node.clockAhead / 1000} s ahead`)
    },
    disks() {
      if (!of.disks.happens(0.008)) return
      const node = of.disks.pick(honest)
      node.isFull = !node.isFull
      tell(`the disk of ${node.name} is ${node.isFull ? 'full' : 'no longer full'}`)
    },
    lies() {
      if (of.lies.happens(0.06)) lie(of.lies)
    }
  }
}

/** Everything works again, and whatever was down, or was to fall at a later write, is started. */
export async function calm({ honest, wires, weather }: Exposed): Promise<void> {
  wires.partition(undefined)
  Object.assign(weather, { loss: 0, latencyMs: 50 })
  for (const node of honest) {
    Object.assign(node, { isCut: false, isFull: false, clockAhead: 0 })
    node.kill()
    await node.start()
  }
}
