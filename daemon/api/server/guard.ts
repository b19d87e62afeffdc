import { createHash, timingSafeEqual } from 'node:crypto'
import { InvalidError } from '../../../protocol/primitives/index.ts'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export interface Guard {
  /**
   * [reject] Only requests to this machine's own names: a web page that points its own domain at 127.0.0.1 is refused.
   */
  checkHost(host: string | undefined): void
  /** [reject] A browser page may call only from an origin the owner allowed; programs send no Origin. */
  checkOrigin(origin: string | undefined): void
  /** [reject] The bearer token of the data folder, compared in constant time. */
  checkToken(authorization: string | undefined): void
}

export function createGuard(options: { token: string; origins: readonly string[] }): Guard {
  const expected = digest(options.token)
  const allowed = new Set(options.origins.map(origin => origin.replace(/\/$/, '')))
  return {
    checkHost(host) {
      const name = (host ?? '').replace(/:[0-9]+$/, '').toLowerCase()
      if (name !== 'localhost' && name !== '127.0.0.1' && name !== '[::1]') {
        throw new InvalidError('auth.host', 'this API answers on localhost only', {
          help: 'Call it as http://127.0.0.1:PORT, or through a proxy that sets the Host header.'
        })
      }
    },
    checkOrigin(origin) {
      if (origin === undefined) return
      const own = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?$/.test(origin)
      if (!allowed.has(origin) && !own)
        throw new InvalidError('auth.origin', `pages of ${origin.slice(0, 100)} may not call this API`, {
          help: 'Add the origin to api.origins in the configuration.'
        })
    },
    checkToken(authorization) {
      const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
      if (token === undefined)
        throw new InvalidError('auth.missing', 'a bearer token is needed', {
          help: "Send `Authorization: Bearer TOKEN`; the token stands in the data folder's api-token file."
        })
      if (!timingSafeEqual(digest(token), expected))
        throw new InvalidError('auth.wrong', "that bearer token is not this daemon's", {
          help: "The token stands in the data folder's api-token file."
        })
    }
  }
}
