/**
 * The address that opens the console carries a one-time token in its fragment, which no server sees. It is exchanged
 * for a session cookie and gone from history.
 */
export async function signIn(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token === null) return
  history.replaceState(history.state, '', location.pathname + location.search)
  // A refusal is not told here: the first page that asks for something says that nobody is signed in.
  await fetch('/api/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token })
  })
}
