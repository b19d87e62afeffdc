import { useNavigate, useParams, useSearch } from '@tanstack/react-router'

/** A parameter of this page's address, such as `id`. */
export function useParameter(name: string): string {
  const parameters = useParams({ strict: false }) as Record<string, string | undefined>
  return parameters[name] ?? ''
}

/** A word of this page's address that stands after the `?`, and how to change it: so that a view can be shared. */
export function useWord(name: string): [string, (value: string) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>
  const navigate = useNavigate()
  const value = search[name]
  return [
    typeof value === 'string' || typeof value === 'number' ? String(value) : '',
    next => {
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => ({ ...before, [name]: next === '' ? undefined : next }),
        replace: true,
        resetScroll: false
      } as Parameters<typeof navigate>[0])
    }
  ]
}

/** Goes to another page, by an address of `places`. */
export function useGo(): (to: string) => void {
  const navigate = useNavigate()
  return to => void navigate({ href: to })
}
