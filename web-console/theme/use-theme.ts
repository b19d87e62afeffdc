import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'
const key = 'tilth.theme'
const watchers = new Set<() => void>()

function stored(): Theme {
  const text = localStorage.getItem(key)
  return text === 'light' || text === 'dark' ? text : 'system'
}

/** Puts the theme that was chosen in this browser on the page; before the first render, so that nothing flashes. */
export function applyTheme(): void {
  const theme = stored()
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

function choose(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(key)
  else localStorage.setItem(key, theme)
  applyTheme()
  for (const watch of watchers) watch()
}

const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

export const useTheme = (): { theme: Theme; choose: (theme: Theme) => void } => ({
  theme: useSyncExternalStore(watch, stored),
  choose
})
