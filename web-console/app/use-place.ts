import { useMatch, useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router'

/** A parameter of this page's address, such as `id`. */
export function useParameter(name: string): string {
  const parameters = useParams({ strict: false }) as Record<string, string | undefined>
  return parameters[name] ?? ''
}

/** A word of this page's address that stands after the `?`, and how to change it: so that a view can be shared. */
export function useWord(name: string): [string, (value: string) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>
  const navigate = useNavigate()
  const router = useRouter()
  const own = useMatch({ strict: false, select: ({ pathname }) => pathname })
  const value = search[name]
  return [
    typeof value === 'string' || typeof value === 'number' ? String(value) : '',
    next => {
      // What is said a moment after its page was left, while the next one is loaded, is not of that one's address.
      if (bare(router.latestLocation.pathname) !== bare(own)) return
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => ({ ...before, [name]: next === '' ? undefined : next }),
        replace: true,
        resetScroll: false
      } as Parameters<typeof navigate>[0])
    }
  ]
}

const bare = (path: string): string => path.replace(/\/+$/, '')

/** Goes to another page, by an address of `places`. */
export function useGo(): (to: string) => void {
  const navigate = useNavigate()
  return to => void navigate({ href: to })
}
