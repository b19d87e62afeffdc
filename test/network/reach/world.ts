import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

// A small internet of network namespaces: one segment of addresses that count as public, and a home behind a router.
// Nothing of it is seen outside: the namespaces are made and removed by the test, and their addresses exist only there.

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const find = (program: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']
    .map(folder => join(folder, program))
    .find(existsSync)

export interface World {
  /** How the home is hidden: a router that masquerades it, or an address for others that nobody listens at. */
  readonly kind: 'masquerade' | 'two addresses'
  /** The command that runs another one in a namespace. */
  within(place: Place): string[]
  remove(): void
}
export type Place = 'relay' | 'client' | 'home'

export const addressOf: Record<Place, string> = { relay: '11.7.0.2', client: '11.7.0.3', home: '192.168.77.2' }
/** Where others see the home. */
export const outside = '11.7.0.4'

/** Why there can be no such world here, or undefined. */
export function missing(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (find('ip') === undefined) return 'the program ip is not installed'
  const name = `tilth-${process.pid}-probe`
  try {
    run('ip', 'netns', 'add', name)
    try {
      run('ip', '-n', name, 'link', 'add', 'name', 'left', 'type', 'veth', 'peer', 'name', 'right')
    } finally {
      run('ip', 'netns', 'delete', name)
    }
    return undefined
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return `this system makes no network namespaces: ${why}`
  }
}

export function createWorld(): World {
  const space = (name: string): string => `tilth-${process.pid}-${name}`
  const made: string[] = []
  const ip = (name: string, ...args: string[]): string => run('ip', '-n', space(name), ...args)
  const remove = (): void => {
    for (const name of made.splice(0)) run('ip', 'netns', 'delete', name)
  }
  const add = (name: string): void => {
    run('ip', 'netns', 'add', space(name))
    made.push(space(name))
    ip(name, 'link', 'set', 'lo', 'up')
  }
  /** A line between two namespaces, named by where it leads. */
  const line = (from: string, to: string): void => {
    ip(from, 'link', 'add', 'name', `to-${to}`, 'type', 'veth', 'peer', 'name', `to-${from}`, 'netns', space(to))
    ip(from, 'link', 'set', `to-${to}`, 'up')
    ip(to, 'link', 'set', `to-${from}`, 'up')
  }
  try {
    add('street')
    ip('street', 'link', 'add', 'name', 'bridge', 'type', 'bridge')
    ip('street', 'link', 'set', 'bridge', 'up')
    const onStreet = (name: string, address: string): void => {
      line('street', name)
      ip('street', 'link', 'set', `to-${name}`, 'master', 'bridge')
      ip(name, 'address', 'add', `${address}/24`, 'dev', 'to-street')
    }
    for (const place of ['relay', 'client'] as const) {
      add(place)
      onStreet(place, addressOf[place])
    }
    add('home')
    const masquerade = [find('nft'), find('iptables')].find(program => program !== undefined)
    if (masquerade === undefined) {
      // What it dials comes from an address where nobody listens; where it listens nobody can go.
      onStreet('home', outside)
      ip('home', 'address', 'add', `${addressOf.home}/32`, 'dev', 'lo')
    } else {
      add('router')
      onStreet('router', outside)
      line('router', 'home')
      ip('router', 'address', 'add', '192.168.77.1/24', 'dev', 'to-home')
      ip('home', 'address', 'add', `${addressOf.home}/24`, 'dev', 'to-router')
      ip('home', 'route', 'add', 'default', 'via', '192.168.77.1')
      const router = ['netns', 'exec', space('router')]
      run('ip', ...router, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
      if (masquerade.endsWith('nft')) {
        run('ip', ...router, masquerade, 'add', 'table', 'ip', 'nat')
        run('ip', ...router, masquerade, 'add chain ip nat post { type nat hook postrouting priority 100 ; }')
        run('ip', ...router, masquerade, 'add rule ip nat post oifname "to-street" masquerade')
      } else run('ip', ...router, masquerade, '-t', 'nat', '-A', 'POSTROUTING', '-o', 'to-street', '-j', 'MASQUERADE')
    }
    return {
      kind: masquerade === undefined ? 'two addresses' : 'masquerade',
      within: place => ['ip', 'netns', 'exec', space(place)],
      remove
    }
  } catch (error) {
    remove()
    throw error
  }
}
