/** Cookies of one name that are looked at: another port of this host may have set some beside ours. */
const mostLookedAt = 8

/** Cookies know hosts, not ports: the name tells the daemons of one machine apart. */
export const cookieName = (port: number | undefined): string => `tilth-session-${port ?? 0}`

/** The session ids that a browser sends to this port. */
export function sessionsIn(cookie: string | undefined, port: number | undefined): string[] {
  const prefix = `${cookieName(port)}=`
  const values: string[] = []
  for (const part of (cookie ?? '').split(';')) {
    const text = part.trim()
    if (text.startsWith(prefix) && values.length < mostLookedAt) values.push(text.slice(prefix.length))
  }
  return values
}

/** No script reads it, and no other site sends it. Without an id it is taken back. */
export const sessionCookie = (
  port: number | undefined,
  id: string,
  { seconds, isSecure }: { seconds: number; isSecure: boolean }
): string =>
  `${cookieName(port)}=${id}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${isSecure ? '; Secure' : ''}`
