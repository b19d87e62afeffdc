import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../../config/index.ts'

/** What a proxy adds to what it passes on. */
const passedOn = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const

/**
 * Whether a request is of a program of this machine that calls by this machine's own name: not what a proxy here, such
 * as one that speaks TLS, passes on for the whole world, and no page's of another origin.
 */
export function isOfThisMachine(headers: IncomingHttpHeaders, from: string | undefined): boolean {
  const name = (headers.host ?? '').replace(/:[0-9]+$/, '')
  const site = headers['sec-fetch-site'] ?? 'none'
  return (
    isLoopback(from ?? '') &&
    isLoopback(name) &&
    passedOn.every(header => headers[header] === undefined) &&
    (site === 'none' || site === 'same-origin')
  )
}
