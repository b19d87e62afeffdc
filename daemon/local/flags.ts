import { InvalidError } from '../../protocol/primitives/index.ts'
import { isAskable } from '../config/index.ts'
import { members } from './network/index.ts'

export interface UpFlags {
  once?: boolean
  again?: boolean
  json?: boolean
  data?: string
  questions?: string
  settings?: string
  folder: string
  fresh?: boolean
  yes?: boolean
  portBase?: string
  chainPort?: string
  challengeSeconds: string
}

/** Where commands look for a local network that is not named. */
export const localFolder = '.tilth'

/** [reject] @throws InvalidError naming the flag */
export function whole(text: string, flag: string, max: number): number {
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value > max)
    throw new InvalidError('flag.number', `${flag} must be a whole number up to ${max}, not "${text}"`)
  return value
}

/** [reject] The first of six ports that clients can ask; 0 takes any. @throws InvalidError */
export function apiPorts(text: string): number {
  const base = whole(text, '--port-base', 65_000)
  const refused = members.map((_, i) => base + i).find(port => base > 0 && !isAskable(port))
  if (refused !== undefined)
    throw new InvalidError(
      'flag.number',
      `--port-base ${base} takes port ${refused}, which browsers and fetch refuse`,
      { help: 'Take another, such as 4180 or 14180; 0 takes any free ones.' }
    )
  return base
}
