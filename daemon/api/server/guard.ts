import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { KeyScope } from '../contract/index.ts'
import { sessionsIn } from './sessions/index.ts'
import type { Sessions } from './sessions/index.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** What of a request decides whether it may be made. */
export interface Asking {
  readonly headers: IncomingHttpHeaders
  /** The daemon's own port, that the request came to. */
  readonly port: number | undefined
  /** Of which a key needs one; none: keys may not make it. */
  readonly scopes: readonly KeyScope[]
  /** It changes something, or is a stream that goes on: more is asked of a cookie then. */
  readonly weighty: boolean
}

/** Who calls. */
export interface Caller {
  /** Aborts when the session ends, or the key is revoked; none for the bearer token, which has no end. */
  readonly over?: AbortSignal
  /** The name of the key that was sent. */
  readonly key?: string
}

/** Keys that may do some things. */
export interface ApiKeys {
  find(
    key: string
  ): { readonly name: string; readonly scopes: readonly KeyScope[]; readonly over: AbortSignal } | undefined
}

export interface Guard {
  /**
   * [reject] Only requests to names that are this daemon's: a web page that points its own domain at it is refused.
   */
  checkHost(host: string | undefined): void
  /** [reject] A browser page may call only from an origin the owner allowed; programs send no Origin. */
  checkOrigin(asking: Pick<Asking, 'headers' | 'port'>): void
  /** Whether answers may be read by pages of that origin: one that the owner allowed, or the daemon's own. */
  mayRead(asking: Pick<Asking, 'headers' | 'port'>): boolean
  /**
   * [reject] What a browser sends by itself counts only from a page of this daemon: not from another port of this
   * machine, which is the same site to a browser, nor from a page that says nothing of where it is, where it matters.
   */
  checkOwnPage(asking: Omit<Asking, 'scopes'>): void
  /**
   * [reject] The bearer token of the data folder, compared in constant time, a key that may make this very call, or the
   * session of this daemon's own page.
   */
  checkIdentity(asking: Asking): Caller
}

export const notAllowed = (from: string): InvalidError =>
  new InvalidError('auth.origin', `${from} may not call this API`, {
    help: 'Add the origin to api.origins in the configuration, and send the bearer token; a session is for this daemon.'
  })

export type Scheme = 'http' | 'https'
const usualPorts: Record<Scheme, number> = { http: 80, https: 443 }

/** Whether an origin is the daemon's own: the very host and port that the request was sent to. */
function isOwn(scheme: Scheme, origin: string, host: string | undefined, port: number | undefined): boolean {
  if (!URL.canParse(origin) || origin !== `${scheme}://${(host ?? '').toLowerCase()}`) return false
  return Number(new URL(origin).port || usualPorts[scheme]) === port
}

/** As browsers send it: what was configured may have a slash at its end, or capitals. */
const originText = (text: string): string => {
  const { origin } = new URL(text)
  // Of schemes that only some browsers and applications know.
  return origin === 'null' ? text.replace(/\/$/, '') : origin
}

export function createGuard(options: {
  token: string
  origins: readonly string[]
  sessions: Sessions
  keys?: ApiKeys | undefined
  scheme?: Scheme
  /** Beside this machine's own names. */
  names?: readonly string[]
}): Guard {
  const { scheme = 'http' } = options
  const names = new Set(['localhost', '127.0.0.1', '[::1]', ...(options.names ?? []).map(name => name.toLowerCase())])
  const expected = digest(options.token)
  const allowed = new Set(options.origins.map(originText))
  const guard: Guard = {
    checkHost(host) {
      const name = (host ?? '').replace(/:[0-9]+$/, '').toLowerCase()
      if (names.has(name)) return
      throw new InvalidError('auth.host', `this API answers as ${[...names].join(', ')} only`, {
        help: 'Call it by one of these, or add the name to api.names in the configuration.'
      })
    },
    checkOrigin({ headers: { origin, host }, port }) {
      if (origin === undefined) return
      const own =
        /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/.test(origin) || isOwn(scheme, origin, host, port)
      if (!allowed.has(origin) && !own) throw notAllowed(`pages of ${origin.slice(0, 100)}`)
    },
    mayRead: ({ headers: { origin, host }, port }) =>
      origin !== undefined && (allowed.has(origin) || isOwn(scheme, origin, host, port)),
    checkOwnPage({ headers, port, weighty }) {
      const { origin } = headers
      const site = headers['sec-fetch-site']
      if (origin !== undefined && !isOwn(scheme, origin, headers.host, port))
        throw notAllowed(`pages of ${origin.slice(0, 100)}`)
      // An address that its owner typed is of no page.
      if (site !== undefined && site !== 'same-origin' && (weighty || site !== 'none'))
        throw notAllowed('a page of another origin')
      if (weighty && origin === undefined && site === undefined) throw notAllowed('a page that does not say its origin')
    },
    checkIdentity(asking) {
      const { authorization, cookie } = asking.headers
      const token = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1]
      if (token !== undefined) {
        if (timingSafeEqual(digest(token), expected)) return {}
        const key = options.keys?.find(token)
        if (key === undefined)
          throw new InvalidError('auth.wrong', "that bearer token is not this daemon's", {
            help: "The token stands in the data folder's api-token file."
          })
        // [reject] A key does what it was made for, and nothing else.
        if (!asking.scopes.some(scope => key.scopes.includes(scope)))
          throw new InvalidError('auth.rights', `the key ${key.name} may ${key.scopes.join(' and ')} only`, {
            help:
              asking.scopes.length === 0
                ? "This call needs the token of the data folder's api-token file."
                : `This call needs a key with the scope ${asking.scopes.join(' or ')}, or the token of the data folder.`
          })
        return { key: key.name, over: key.over }
      }
      const ids = sessionsIn(cookie, asking.port)
      if (ids.length === 0)
        throw new InvalidError('auth.missing', 'a bearer token or a session is needed', {
          help:
            "Send `Authorization: Bearer TOKEN`; the token stands in the data folder's api-token file. " +
            'In a browser, open the address that `tilth console` prints.'
        })
      guard.checkOwnPage(asking)
      const session = options.sessions.find(ids)
      if (session === undefined)
        throw new InvalidError('auth.session', 'this browser is not signed in any more', {
          help: 'Open the address that `tilth console` prints.'
        })
      return { over: session }
    }
  }
  return guard
}
