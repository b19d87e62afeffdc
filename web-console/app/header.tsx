import { useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { Go } from '../parts/index.ts'
import { Identity } from './identity.tsx'
import { Palette } from './palette.tsx'
import { places } from './places.ts'
import { ThemeMenu } from './theme-menu.tsx'

export const doors = [
  { name: 'Now', to: places.now, phase: undefined },
  { name: 'Datanets', to: places.datanets, phase: 'data' },
  { name: 'ModelFactory', to: places.factory, phase: 'jobs' },
  { name: 'Bazaar', to: places.bazaar, phase: 'models' },
  { name: 'Earnings', to: places.earnings, phase: 'payouts' },
  { name: 'Node', to: places.node, phase: undefined }
] as const

/** Pages that belong to a door and have an address of their own. */
const beside: Readonly<Record<string, readonly string[]>> = {
  [places.datanets]: [places.review, places.contribution('').slice(0, -1)],
  [places.bazaar]: [places.agents, places.compare([]).split('?', 1)[0] ?? '', places.receipt('').slice(0, -1)]
}

/** Where one is, where one can go, and who one is. */
export function Header() {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    setOpen(false)
  }, [path])
  const isHere = (to: string): boolean =>
    to === '/' ? path === '/' : [to, ...(beside[to] ?? [])].some(own => path === own || path.startsWith(`${own}/`))
  return (
    <header className="header">
      <Go to={places.now} className="logo" aria-label="Tilth, now">
        <svg viewBox="0 0 18 14" aria-hidden="true">
          <path d="M1 2h16M1 7h16M1 12h16" />
        </svg>
        Tilth
      </Go>
      <button
        type="button"
        className="menu-button"
        aria-expanded={isOpen}
        aria-controls="doors"
        onClick={() => {
          setOpen(!isOpen)
        }}
      >
        Menu
      </button>
      <nav id="doors" className={isOpen ? 'doors doors-open' : 'doors'} aria-label="Pages">
        {doors.map(({ name, to, phase }) => (
          <span key={to} data-phase={phase}>
            <Go to={to} className="door" {...(isHere(to) ? { 'aria-current': 'page' as const } : {})}>
              {name}
            </Go>
          </span>
        ))}
      </nav>
      <div className="header-end">
        <Palette />
        <ThemeMenu />
        <Identity />
      </div>
    </header>
  )
}
