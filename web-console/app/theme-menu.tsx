import { Button, Menu, MenuItem, MenuTrigger, Popover, Text } from 'react-aria-components'
import { useTheme } from '../theme/use-theme.ts'
import type { Theme } from '../theme/use-theme.ts'

const themes = [
  { id: 'system', name: 'As the system' },
  { id: 'light', name: 'Light' },
  { id: 'dark', name: 'Dark' }
] as const

/** Light or dark, in this browser. */
export function ThemeMenu() {
  const { theme, choose } = useTheme()
  return (
    <MenuTrigger>
      <Button className="header-button" aria-label="Light or dark">
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="8" cy="8" r="6" />
          <path d="M8 2a6 6 0 0 1 0 12z" className="filled" />
        </svg>
      </Button>
      <Popover className="float">
        <Menu
          className="options"
          selectionMode="single"
          selectedKeys={[theme]}
          onAction={key => {
            choose(key as Theme)
          }}
        >
          {themes.map(({ id, name }) => (
            <MenuItem key={id} id={id} className="option" textValue={name}>
              <Text slot="label">{name}</Text>
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}
