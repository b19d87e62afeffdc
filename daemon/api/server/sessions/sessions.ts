import { createHmac, randomBytes } from 'node:crypto'
import type { SessionFile, StoredSession } from './file.ts'
import { createSignInTokens } from './tokens.ts'

/** A browser stays signed in for so long; then its owner opens the console once more. */
const sessionMs = 30 * 86_400_000
/** Browsers signed in at once; of more the one that signed in first is signed out. */
const mostSessions = 64

/**
 * Browsers that are signed in. Tokens and session ids are random and known here by their HMAC under the bearer token
 * alone: who reads the file of sessions can sign in with nothing of it, who can write it cannot add one, and another
 * bearer token signs everybody out.
 */
export interface Sessions {
  /** A token that is good for one sign-in within its time. */
  issue(seconds: number): { token: string; until: number }
  /**
   * Takes a token for a new session, which is on disk when this resolves; that of the same browser before ends.
   * @throws InvalidError `auth.token` · LimitError `limit.rate`
   */
  exchange(token: string, before: readonly string[]): Promise<{ id: string; until: number }>
  /** Of a session that has not ended: aborts when it does. */
  find(ids: readonly string[]): AbortSignal | undefined
  /** Ends sessions, and the streams that are theirs. */
  end(ids: readonly string[]): Promise<void>
}

interface Session extends StoredSession {
  readonly over: AbortController
}

const random = (): string => randomBytes(32).toString('base64url')

export async function createSessions(options: {
  token: string
  file?: SessionFile
  now?: () => number
}): Promise<Sessions> {
  const { file, now = Date.now } = options
  const markOf = (kind: 'token' | 'session', secret: string): string =>
    createHmac('sha256', options.token).update(`${kind}:${secret}`).digest('hex')
  const tokens = createSignInTokens(now)
  const open = new Map<string, Session>()
  const add = (one: StoredSession): void => {
    open.set(one.mark, { ...one, over: new AbortController() })
  }
  const close = (mark: string): void => {
    open.get(mark)?.over.abort()
    open.delete(mark)
  }
  const trim = (): void => {
    for (const [mark, { until }] of open) if (until <= now() || open.size > mostSessions) close(mark)
  }
  for (const one of (await file?.read()) ?? []) add(one)
  trim()

  // One write at a time, each of how it stands then: the last one wins.
  let writing = Promise.resolve()
  const save = (): Promise<void> => {
    const next = writing.then(() => file?.write([...open.values()].map(({ mark, until }) => ({ mark, until }))))
    writing = next.catch(() => undefined) // told to whoever asked for it
    return next
  }

  return {
    issue(seconds) {
      const token = random()
      const until = now() + seconds * 1000
      tokens.keep(markOf('token', token), until)
      return { token, until }
    },
    async exchange(token, before) {
      tokens.take(markOf('token', token))
      for (const id of before) close(markOf('session', id))
      const id = random()
      const until = now() + sessionMs
      add({ mark: markOf('session', id), until })
      trim()
      await save()
      return { id, until }
    },
    find(ids) {
      for (const id of ids) {
        const session = open.get(markOf('session', id))
        if (session !== undefined && session.until > now()) return session.over.signal
      }
      return undefined
    },
    async end(ids) {
      for (const id of ids) close(markOf('session', id))
      await save()
    }
  }
}
