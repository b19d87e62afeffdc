import { useEffect, useState } from 'react'
import {
  Autocomplete,
  Button,
  Dialog,
  Input,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  SearchField,
  Text,
  useFilter
} from 'react-aria-components'
import { useCommands } from './commands.ts'
import { places } from './places.ts'
import { useGo } from './use-place.ts'

const isMac = navigator.userAgent.includes('Mac')

/** Everything by keyboard: Ctrl-K, some letters, Enter. An id that is pasted opens its page. */
export function Palette() {
  const [isOpen, setOpen] = useState(false)
  const [text, setText] = useState('')
  const commands = useCommands(isOpen)
  const { contains } = useFilter({ sensitivity: 'base' })
  const go = useGo()
  useEffect(() => {
    const open = (event: KeyboardEvent): void => {
      if (event.key !== 'k' || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      setOpen(true)
    }
    document.addEventListener('keydown', open)
    return () => {
      document.removeEventListener('keydown', open)
    }
  }, [])
  const run = (to: string): void => {
    setOpen(false)
    setText('')
    go(to)
  }
  const wanted = text.trim()
  const items = [
    ...commands,
    ...(wanted.length > 2
      ? [{ id: `find ${wanted}`, name: `Find ${wanted}`, note: 'by id or name', to: places.find(wanted) }]
      : [])
  ]
  return (
    <>
      <Button
        className="header-button palette-button"
        onPress={() => {
          setOpen(true)
        }}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <circle cx="7" cy="7" r="4.5" />
          <path d="M10.5 10.5L14 14" />
        </svg>
        <span className="visually-hidden">Search and commands, </span>
        <kbd>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </Button>
      <ModalOverlay className="overlay overlay-high" isDismissable isOpen={isOpen} onOpenChange={setOpen}>
        <Modal className="dialog palette">
          <Dialog aria-label="Search and commands">
            <Autocomplete filter={contains} inputValue={text} onInputChange={setText}>
              <SearchField aria-label="Where to, or an id" autoFocus className="field">
                <Input className="field-input" placeholder="Where to? A page, a name, an id" />
              </SearchField>
              <Menu
                className="options"
                items={items}
                renderEmptyState={() => <p className="palette-none">Nothing has that name.</p>}
              >
                {({ id, name, note, to }) => (
                  <MenuItem
                    id={id}
                    className="option"
                    textValue={name}
                    onAction={() => {
                      run(to)
                    }}
                  >
                    <Text slot="label">{name}</Text>
                    {note === undefined ? null : <Text slot="description">{note}</Text>}
                  </MenuItem>
                )}
              </Menu>
            </Autocomplete>
          </Dialog>
        </Modal>
      </ModalOverlay>
    </>
  )
}
