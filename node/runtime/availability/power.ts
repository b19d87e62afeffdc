import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const supplies = '/sys/class/power_supply'

const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').then(
    text => text.trim(),
    () => '' // a supply that does not say so
  )

/**
 * Whether this machine runs on its battery: it has one, and no mains supply is connected. Undefined where the system
 * does not tell (Linux does).
 */
export async function onBattery(folder = supplies): Promise<boolean | undefined> {
  const names = await readdir(folder).catch(() => undefined)
  if (names === undefined) return undefined
  const all = await Promise.all(
    names.map(async name => ({
      type: await textOf(join(folder, name, 'type')),
      online: await textOf(join(folder, name, 'online')),
      scope: await textOf(join(folder, name, 'scope'))
    }))
  )
  // A mouse's battery says nothing of the machine's.
  const battery = all.some(({ type, scope }) => type === 'Battery' && scope !== 'Device')
  const mains = all.some(({ type, online }) => (type === 'Mains' || type === 'USB') && online === '1')
  return battery && !mains
}
