import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../../config/index.ts'

/** What a proxy adds to what it passes on. */
const passedOn = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const

/**
 * Whether a request looks like one of a program of this machine that calls by this machine's own name, and not like one
 * of a page of another origin or of a proxy that says that it is one. Many say nothing (nginx as it comes, anything
 * that passes on TCP), so that this is no leave by itself: only where its owner has said that no proxy is here.
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
